import type { JsonObject } from '@warren/core'

/** Where log lines go. `event` is a stable word; details carry no arguments, results or secrets. */
export interface Logger {
  log(level: 'debug' | 'info' | 'warn' | 'error', event: string, details?: JsonObject): void
}

/** Runs something later. The returned function takes it back. */
export interface Scheduler {
  after(delayMs: number, action: () => void): () => void
}

/** Timers of this process; they never keep it alive. */
export const systemScheduler: Scheduler = {
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
