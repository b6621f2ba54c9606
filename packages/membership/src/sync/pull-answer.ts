import { MembershipError } from '../membership-error.ts'
import type { Refusal } from '../set/record-set.ts'
import type { Pull } from './pull.ts'
import type { SyncLimits } from './sync-limits.ts'

/** What an answer to a question for records brought. */
export interface PullAnswer {
  /** Of those that are in the set now. */
  readonly ids: readonly string[]
  /** Those that records which come later may make good. */
  readonly open: readonly Refusal[]
  readonly isLast: boolean
}

/** Notes an answer; says whether it gave all that was asked for, and what has to be asked for once more. */
export function received(
  pull: Pull,
  { ids, open, isLast }: PullAnswer,
): { readonly complete: boolean; readonly again: readonly string[] } {
  const openIds = open.flatMap(({ id }) => (id === undefined ? [] : [id]))
  // Without its proofs and without witnesses that vouch for it here: the proofs are asked for.
  const again = open.flatMap(({ id, isBare }) => (isBare && id !== undefined ? [id] : []))
  return { complete: pull.received([...ids, ...openIds], isLast), again }
}

/**
 * The texts that are kept until what they rest on has come.
 *
 * @throws MembershipError `record-unproved` when a neighbour has too many of them
 */
export function waiting(
  open: readonly Refusal[],
  { pendingCharsMax }: SyncLimits,
): readonly string[] {
  const texts = open.filter(({ isBare }) => !isBare).map(({ text }) => text)
  if (texts.reduce((sum, { length }) => sum + length, 0) <= pendingCharsMax) return texts
  const message = 'too many records of the neighbour prove nothing'
  throw new MembershipError('record-unproved', message)
}
