/** Something with what decides its place: the first rank that differs, and the lower one comes first. */
export interface Ranked {
  readonly ranks: readonly (number | string)[]
}

/** Orders by ranks, of which both have as many and of the same kinds. */
export function compareRanks(left: Ranked, right: Ranked): number {
  for (const [at, rank] of left.ranks.entries()) {
    const other = right.ranks[at] ?? 0
    if (rank !== other) return rank < other ? -1 : 1
  }
  return 0
}
