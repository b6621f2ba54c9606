import { type SeededRandom } from './seeded-random.ts'

/** Draws how long one packet is under way. Without transcendental functions: their last bit may differ between machines. */
export type Latency = (random: SeededRandom) => number

/** Always the same delay. */
export function fixedLatency(delayMs: number): Latency {
  return () => delayMs
}

/** One cable: 0.2 to 1 ms. */
export function lanLatency(): Latency {
  return (random) => random.between(0.2, 1)
}

const WAN_DELAY_MS = 60
const WAN_JITTER_MS = 10

/** Between sites: 60 ms with bell-shaped jitter of at most ± 20 ms, unless told otherwise. */
export function wanLatency(
  delayMs: number = WAN_DELAY_MS,
  jitterMs: number = WAN_JITTER_MS,
): Latency {
  return (random) => {
    const bell =
      random.between(-0.5, 0.5) +
      random.between(-0.5, 0.5) +
      random.between(-0.5, 0.5) +
      random.between(-0.5, 0.5)
    return Math.max(0, delayMs + jitterMs * bell)
  }
}
