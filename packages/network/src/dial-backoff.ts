import type { RandomSource } from '@warren/core'

export interface DialBackoff {
  readonly minMs: number
  readonly maxMs: number
}

const EXPONENT_MAX = 16

/**
 * The pause before the next dial after that many failures: doubled by each, and spread over the
 * upper half of it, so that nodes that lost each other at once do not come back at once.
 */
export function dialPauseMs(failures: number, backoff: DialBackoff, random: RandomSource): number {
  const exponent = Math.min(Math.max(0, failures - 1), EXPONENT_MAX)
  const fullMs = Math.min(backoff.maxMs, backoff.minMs * 2 ** exponent)
  return Math.round(fullMs / 2 + (fullMs / 2) * fraction(random))
}

/** Evenly spread in [0, 1). */
export function fraction(random: RandomSource): number {
  const [high = 0, low = 0] = random.randomBytes(2)
  return (high * 256 + low) / 65_536
}
