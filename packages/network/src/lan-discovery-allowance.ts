import type { Clock } from '@warren/core'

/** So many events at once, and so many more with every second that passes. */
export class Allowance {
  readonly #clock: Clock
  readonly #perSecond: number
  #left: number
  #countedMs: number

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#left = perSecond
    this.#countedMs = clock.monotonicMs()
  }

  /** Counts one event; false when it is one too many. */
  take(): boolean {
    const nowMs = this.#clock.monotonicMs()
    const earned = ((nowMs - this.#countedMs) * this.#perSecond) / 1_000
    this.#left = Math.min(this.#perSecond, this.#left + earned)
    this.#countedMs = nowMs
    if (this.#left < 1) return false
    this.#left -= 1
    return true
  }
}
