export interface AllowanceLimits {
  /** What is allowed at once. */
  readonly countMax: number
  /** In how much time one more is allowed. */
  readonly pauseMs: number
}

/** How often something may be done: some times at once, and then once in each pause. */
export class Allowance {
  readonly #limits: AllowanceLimits
  #count: number
  #sinceMs = 0

  constructor(limits: AllowanceLimits) {
    this.#limits = limits
    this.#count = limits.countMax
  }

  /** Whether there is something left. */
  has(nowMs: number): boolean {
    const { countMax, pauseMs } = this.#limits
    const regained = Math.floor((nowMs - this.#sinceMs) / pauseMs)
    if (regained > 0) {
      this.#count = Math.min(countMax, this.#count + regained)
      this.#sinceMs += regained * pauseMs
    }
    return this.#count > 0
  }

  /** Takes one, where there is something left. */
  take(nowMs: number): boolean {
    if (!this.has(nowMs)) return false
    this.#count -= 1
    return true
  }
}
