/**
 * The fewest positions of a list that have to be taken out of it for the rest to rise; what is undefined does not count.
 *
 * The rest is a longest rising subsequence, found by patience sorting.
 */
export function outOfOrder(values: readonly (number | undefined)[]): readonly number[] {
  const before: (number | undefined)[] = []
  /** For each length, where the rising subsequence of that length with the lowest end ends. */
  const ends: number[] = []
  for (const [index, value] of values.entries()) {
    if (value === undefined) continue
    const length = lengthBelow(ends, values, value)
    before[index] = ends[length - 1]
    ends[length] = index
  }
  const rising = new Set<number>()
  for (let at = ends.at(-1); at !== undefined; at = before[at]) rising.add(at)
  return values.flatMap((value, index) => (value === undefined || rising.has(index) ? [] : [index]))
}

/** How long a rising subsequence may get to which a value can be added. */
function lengthBelow(
  ends: readonly number[],
  values: readonly (number | undefined)[],
  value: number,
): number {
  let low = 0
  let high = ends.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((values[ends[middle] ?? -1] ?? value) < value) low = middle + 1
    else high = middle
  }
  return low
}
