import { type ActorTime } from './actor.ts'
import { type SeededRandom } from './seeded-random.ts'

/** How far the clocks of nodes are from the truth; each node draws its own. */
export interface ClockOptions {
  /** The wall clock is wrong by at most this much, either way. */
  readonly wallOffsetMsMax: number
  /** Both clocks run too fast or too slow by at most this much, in millionths. */
  readonly driftPpmMax: number
  /** Whether the monotonic clock runs on while the machine sleeps. */
  readonly monotonicCountsSuspend: boolean
}

/** Clocks that are a little wrong, as clocks are. */
export const CLOCK_OPTIONS: ClockOptions = {
  wallOffsetMsMax: 30_000,
  driftPpmMax: 100,
  monotonicCountsSuspend: true,
}

const EPOCH_MS = Date.UTC(2030, 0, 1)
const BOOT_AGE_MS_MAX = 1_000_000
const MILLION = 1_000_000

/** The two clocks of one node. */
export class NodeClock {
  readonly #countsSuspend: boolean
  readonly #random: SeededRandom
  readonly #rate: number
  #wallOffsetMs: number
  #monotonicOffsetMs = 0

  constructor(options: ClockOptions, random: SeededRandom) {
    this.#countsSuspend = options.monotonicCountsSuspend
    this.#random = random
    this.#rate = 1 + random.between(-options.driftPpmMax, options.driftPpmMax) / MILLION
    this.#wallOffsetMs = random.between(-options.wallOffsetMsMax, options.wallOffsetMsMax)
  }

  /** What the clocks show at a true time. */
  read(trueMs: number): ActorTime {
    return {
      monotonicMs: trueMs * this.#rate + this.#monotonicOffsetMs,
      wallMs: EPOCH_MS + trueMs * this.#rate + this.#wallOffsetMs,
    }
  }

  /** The true time at which the monotonic clock will show this, if nothing stops it. */
  trueMsOf(monotonicMs: number): number {
    return (monotonicMs - this.#monotonicOffsetMs) / this.#rate
  }

  /** A new boot: the monotonic clock starts anywhere, so that nobody trusts a reading of an earlier life. */
  boot(trueMs: number): void {
    this.#monotonicOffsetMs = this.#random.between(0, BOOT_AGE_MS_MAX) - trueMs * this.#rate
  }

  /** Somebody sets the wall clock, forward or back. */
  step(byMs: number): void {
    this.#wallOffsetMs += byMs
  }

  /** The machine slept so long. */
  slept(durationMs: number): void {
    if (!this.#countsSuspend) this.#monotonicOffsetMs -= durationMs * this.#rate
  }
}
