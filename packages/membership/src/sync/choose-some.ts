import type { RandomSource } from '@warren/core'

/** So many of these, by chance, or all where there are no more. */
export function chooseSome<Item>(
  random: RandomSource,
  items: readonly Item[],
  count: number,
): readonly Item[] {
  if (items.length <= count) return items
  const rest = [...items]
  return Array.from({ length: count }, () => rest.splice(pickBelow(random, rest.length), 1)).flat()
}

/** A number from 0 up to `below`, which is no secret. */
export function pickBelow(random: RandomSource, below: number): number {
  if (below <= 1) return 0
  const [a = 0, b = 0, c = 0] = random.randomBytes(3)
  return ((a << 16) | (b << 8) | c) % below
}
