import { BoundedMap, type Clock } from '@warren/core'

/** Calls of one caller that begin to wait within one window, however many of them it takes back. */
const HELD_PER_WINDOW_MAX = 60
const WINDOW_MS = 60_000
/** Callers that are counted; whoever has not asked for longest is forgotten first. */
const CALLERS_MAX = 1_024

interface CallerWindow {
  readonly untilMs: number
  readonly count: number
}

/** Bounds how often a caller can ask for a person, so that it cannot wear that person out, nor fill the audit log. */
export class HoldRate {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #windows = new BoundedMap<string, CallerWindow>(CALLERS_MAX)

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  /** Counts one more call of a caller; says whether it is within the bound. */
  take(caller: string): boolean {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#windows.get(caller)
    const fresh = { untilMs: nowMs + WINDOW_MS, count: 0 }
    const { untilMs, count } = known === undefined || known.untilMs <= nowMs ? fresh : known
    if (count >= HELD_PER_WINDOW_MAX) return false
    this.#windows.set(caller, { untilMs, count: count + 1 })
    return true
  }
}
