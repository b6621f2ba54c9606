const DISTANCE_MAX = 2
const LENGTH_MAX = 64

/** The word of a list that somebody most likely meant: at most two letters away. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  if (word.length > LENGTH_MAX) return undefined
  const [nearest] = known
    .map((candidate) => ({
      candidate,
      distance: distance(word.toLowerCase(), candidate.toLowerCase()),
    }))
    .filter((entry) => entry.distance <= DISTANCE_MAX)
    .toSorted((one, other) => one.distance - other.distance)
  return nearest?.candidate
}

/** Levenshtein's distance, row by row. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= other.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}
