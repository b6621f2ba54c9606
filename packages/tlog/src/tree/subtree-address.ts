import { TlogError } from '../tlog-error.ts'

/** A perfect subtree: the `index`-th from the left of those that have 2^`level` leaves; level 0 are the leaves. */
export interface SubtreeAddress {
  readonly level: number
  readonly index: number
}

/** The leaves from `start` until just before `end`. */
export interface LeafRange {
  readonly start: number
  readonly end: number
}

/** Refuses what cannot count leaves. Arithmetic on sizes is exact up to 2^53 - 1, without bit operators, which end at 2^32. */
export function requireSize(size: number): void {
  if (Number.isSafeInteger(size) && size >= 0) return
  throw new TlogError('size-malformed', 'a tree size is a whole number from 0 to 2^53 - 1')
}

/** Where RFC 6962 splits that many leaves, two at least: at the largest power of two below the number. */
export function splitPoint(count: number): number {
  let power = 1
  while (power * 2 < count) power *= 2
  return power
}

/** The perfect subtrees that a range which is a subtree of some tree consists of, left to right. */
export function perfectSubtrees({ start, end }: LeafRange): readonly SubtreeAddress[] {
  const subtrees: SubtreeAddress[] = []
  let at = start
  while (at < end) {
    let level = 0
    let leaves = 1
    while (at + leaves * 2 <= end) {
      level += 1
      leaves *= 2
    }
    subtrees.push({ level, index: at / leaves })
    at += leaves
  }
  return subtrees
}
