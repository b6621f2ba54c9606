/**
 * What can be counted of the calls of one caller within a window. Each is what it comes to with the call that is asked
 * for, which is not among them.
 */
export type Measure =
  | 'calls'
  | 'bytesIn'
  | 'bytesOut'
  | 'errors'
  | 'sameCall'
  | 'pingPong'
  | 'fanOut'
  | 'concurrent'

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
