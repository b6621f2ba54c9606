import { type CallPattern, isMeant, type SeenCall } from './seen-call.ts'

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

/** Answers from the calls of a caller before this one, the oldest first. */
export function answerPast(
  fact: PastFact,
  past: readonly SeenCall[],
  nowMs: number,
): number | boolean {
  const within = past.filter(({ atMs }) => atMs > nowMs - fact.withinMs)
  const meant = within.filter((call) => isMeant(fact.of, call))
  switch (fact.ask) {
    case 'formerly':
      return meant.length > 0
    case 'previous':
      return within.length > 0 && within.at(-1) === meant.at(-1)
    case 'since': {
      const last = meant.at(-1)
      const ended = within.findLast((call) => isMeant(fact.unless, call))
      return last !== undefined && (ended === undefined || ended.id < last.id)
    }
    case 'count':
      return meant.length
    case 'sum':
      return meant.reduce((sum, call) => sum + call[fact.what], 0)
    default:
      throw new Error('a fact asks for nothing')
  }
}
