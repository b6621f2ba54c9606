import {
  type AskedCall,
  hasFailed,
  isOpen,
  isSame,
  isSameTool,
  type SeenCall,
} from './seen-call.ts'

/** What can be counted of the calls of one caller. */
export type Measure =
  | 'calls'
  | 'bytesIn'
  | 'bytesOut'
  | 'errors'
  | 'sameCall'
  | 'pingPong'
  | 'fanOut'
  | 'concurrent'

/**
 * Counts over the calls of a caller within a window, the oldest first, and the one that is asked for now, which is not
 * among them. Each is what it comes to with that one.
 */
export const MEASURES: Readonly<
  Record<Measure, (past: readonly SeenCall[], now: AskedCall) => number>
> = {
  calls: (past) => past.length + 1,
  bytesIn: (past, now) => past.reduce((sum, { bytesIn }) => sum + bytesIn, now.bytesIn),
  // What the answer to this one will have nobody knows yet.
  bytesOut: (past) => past.reduce((sum, { bytesOut }) => sum + bytesOut, 0),
  errors: (past) => past.filter((call) => hasFailed(call)).length,
  sameCall: (past, now) => past.filter((call) => isSame(call, now)).length + 1,
  pingPong: alternationTo,
  fanOut: (past, now) =>
    new Set([...past, now].map(({ server, tool }) => `${server}/${tool}`)).size,
  concurrent: (past) => past.filter((call) => isOpen(call)).length + 1,
}

/** Names of all measures, for messages. */
export const MEASURE_NAMES: readonly [Measure, ...Measure[]] = [
  'calls',
  'bytesIn',
  'bytesOut',
  'errors',
  'sameCall',
  'pingPong',
  'fanOut',
  'concurrent',
]

/** How many calls, this one included, go to and fro between two tools; 1 where the one before was of the same. */
function alternationTo(past: readonly SeenCall[], now: AskedCall): number {
  let length = 1
  let [after, next]: readonly (AskedCall | undefined)[] = [undefined, now]
  for (let at = past.length - 1; at >= 0; at -= 1) {
    const call = past[at]
    if (call === undefined || next === undefined || isSameTool(call, next)) break
    if (after !== undefined && !isSameTool(call, after)) break
    length += 1
    after = next
    next = call
  }
  return length
}
