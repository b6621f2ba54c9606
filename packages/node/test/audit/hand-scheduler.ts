import type { Scheduler } from '@warren/mcp'

/** A scheduler whose time passes only when a test says so. */
export class HandScheduler implements Scheduler {
  readonly #waiting = new Set<() => void>()

  after(_delayMs: number, action: () => void): () => void {
    const run = (): void => {
      this.#waiting.delete(run)
      action()
    }
    this.#waiting.add(run)
    return () => this.#waiting.delete(run)
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** Lets the time pass for which everybody waits now. */
  pass(): void {
    const due = [...this.#waiting]
    for (const run of due) run()
  }
}
