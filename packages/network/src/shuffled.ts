import type { RandomSource } from '@warren/core'
import { fraction } from './dial-backoff.ts'

/** The items in an order of chance (Fisher and Yates). */
export function shuffled<Item>(items: readonly Item[], random: RandomSource): Item[] {
  const rest = [...items]
  const order: Item[] = []
  while (rest.length > 0) order.push(...rest.splice(Math.floor(rest.length * fraction(random)), 1))
  return order
}
