import type { Clock } from '@warren/core'
import type { Scheduler } from '@warren/mcp'

interface Timer {
  readonly atMs: number
  readonly action: () => void
}

/** A clock and its timers: time passes only when a test says so. */
export class VirtualTime implements Clock, Scheduler {
  readonly #timers = new Set<Timer>()
  #nowMs = 0

  get timers(): number {
    return this.#timers.size
  }

  wallMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, action: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, action }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Lets so much time pass; every timer runs at its time. */
  pass(durationMs: number): void {
    const endMs = this.#nowMs + durationMs
    for (;;) {
      const [next] = [...this.#timers]
        .filter(({ atMs }) => atMs <= endMs)
        .toSorted((one, other) => one.atMs - other.atMs)
      if (next === undefined) break
      this.#timers.delete(next)
      this.#nowMs = next.atMs
      next.action()
    }
    this.#nowMs = endMs
  }
}
