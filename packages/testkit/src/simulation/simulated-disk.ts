import { type Latency } from './latency.ts'
import { type SeededRandom } from './seeded-random.ts'
import { type Timeline } from './timeline.ts'

interface Write<Durable> {
  readonly units: readonly Durable[]
  readonly onStored: () => void
}

/** What a disk needs of its surroundings. */
export interface DiskComponents {
  readonly timeline: Timeline
  readonly random: SeededRandom
  readonly latency: Latency
}

/**
 * A disk that writes one batch after the other, in order, like a log.
 *
 * At a crash a prefix of what still waits has reached it: nothing, all, or a cut anywhere, also inside a batch.
 */
export class SimulatedDisk<Durable> {
  readonly #timeline: Timeline
  readonly #random: SeededRandom
  readonly #latency: Latency
  readonly #kept: Durable[] = []
  #waiting: Write<Durable>[] = []
  #stalled = false
  /** Counts crashes and stalls: what was scheduled before is void. */
  #era = 0

  constructor({ timeline, random, latency }: DiskComponents) {
    this.#timeline = timeline
    this.#random = random
    this.#latency = latency
  }

  /** All that is durable, in the order of writing. */
  get kept(): readonly Durable[] {
    return this.#kept
  }

  /** Writes a batch once those before it are written. */
  write(units: readonly Durable[], onStored: () => void): void {
    this.#waiting.push({ units, onStored })
    if (this.#waiting.length === 1) this.#begin()
  }

  /** The node is gone; what the disk kept of the rest is drawn now. */
  crash(): void {
    const units = this.#waiting.flatMap((write) => write.units)
    this.#waiting = []
    this.#era += 1
    const whole = units.length
    const fates = [0, whole, this.#random.below(whole + 1)]
    this.#kept.push(...units.slice(0, fates[this.#random.below(fates.length)]))
  }

  /** Nothing becomes durable from now on: the disk is full, or hangs. */
  stall(): void {
    this.#stalled = true
    this.#era += 1
  }

  /** Goes on with what waits. */
  recover(): void {
    this.#stalled = false
    this.#era += 1
    if (this.#waiting.length > 0) this.#begin()
  }

  #begin(): void {
    if (this.#stalled) return
    const era = this.#era
    this.#timeline.at(this.#timeline.nowMs + this.#latency(this.#random), () => {
      if (era === this.#era) this.#finish()
    })
  }

  #finish(): void {
    const written = this.#waiting.shift()
    if (written === undefined) return
    this.#kept.push(...written.units)
    if (this.#waiting.length > 0) this.#begin()
    written.onStored()
  }
}
