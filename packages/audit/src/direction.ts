import type { Entry, EntryKind } from './entry.ts'

/** Whether a call came to this node's servers, or was made by its hosts to the servers of another node. */
export type Direction = 'in' | 'out'

/** The kinds of entries that tell of calls of one direction. */
export const KINDS_BY_DIRECTION: Readonly<Record<Direction, readonly EntryKind[]>> = {
  in: ['decision', 'result', 'approval'],
  out: ['request', 'response'],
}

/** The direction of the call that an entry of a kind tells of; undefined where it tells of none, or of both. */
export function directionOf(kind: EntryKind): Direction | undefined {
  if (KINDS_BY_DIRECTION.out.includes(kind)) return 'out'
  return KINDS_BY_DIRECTION.in.includes(kind) ? 'in' : undefined
}

/** Whether a call was let go on, as its decision or its request says; undefined for every other entry. */
export function decisionOn(entry: Entry): 'allowed' | 'refused' | undefined {
  if (entry.kind === 'decision') return entry.allowed ? 'allowed' : 'refused'
  if (entry.kind === 'request') return entry.sent ? 'allowed' : 'refused'
  return undefined
}
