import type { CallPattern } from './seen-call.ts'

/**
 * What is asked of the past of a caller, within a window: past-only temporal logic, so that every answer stands once given.
 *
 * - `formerly`: there was such a call.
 * - `previous`: the last call was such.
 * - `since`: there was such a call, and none of the others after it.
 * - `count`: how many there were. `sum`: how many bytes they had.
 */
export type PastFact =
  | {
      readonly ask: 'formerly' | 'previous' | 'count'
      readonly of: CallPattern
      readonly withinMs: number
    }
  | {
      readonly ask: 'since'
      readonly of: CallPattern
      readonly unless: CallPattern
      readonly withinMs: number
    }
  | {
      readonly ask: 'sum'
      readonly what: 'bytesIn' | 'bytesOut'
      readonly of: CallPattern
      readonly withinMs: number
    }

/** Says whether a fact is a truth value; it is a number otherwise. */
export function isTruth({ ask }: PastFact): boolean {
  return ask === 'formerly' || ask === 'previous' || ask === 'since'
}
