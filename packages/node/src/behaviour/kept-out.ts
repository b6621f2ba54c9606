import type { Clock } from '@warren/core'
import type { CallerCalls, StoredQuarantine } from '@warren/storage'

/** Callers that are kept out at one time. Nobody of them is let in to make room for one more. */
const KEPT_OUT_MAX = 4_096

/** Whom this node answers nothing for a while, and why: its own decision, which nobody else has to follow. */
export class KeptOut {
  readonly #store: Pick<CallerCalls, 'quarantine' | 'quarantines' | 'lift'>
  readonly #clock: Clock
  readonly #callers = new Map<
    string,
    { readonly stored: StoredQuarantine; readonly endMs: number }
  >()

  constructor(store: Pick<CallerCalls, 'quarantine' | 'quarantines' | 'lift'>, clock: Clock) {
    this.#store = store
    this.#clock = clock
    const wallMs = Math.floor(clock.wallMs())
    for (const stored of store.quarantines()) {
      // A clock that was set back makes it no longer than it was to be.
      const restMs = Math.min(stored.untilMs - wallMs, stored.untilMs - stored.sinceMs)
      this.#callers.set(stored.caller, { stored, endMs: clock.monotonicMs() + restMs })
    }
  }

  /**
   * Keeps a caller out for so long from now on; on the disk when this returns. Undefined where there is no room for it.
   *
   * @throws StorageError; it is kept out all the same, as long as this process lasts
   */
  add(caller: string, because: string, forMs: number): StoredQuarantine | undefined {
    if (this.of(caller) === undefined && this.#isFull()) return undefined
    const sinceMs = Math.floor(this.#clock.wallMs())
    const stored = { caller, because, sinceMs, untilMs: sinceMs + forMs }
    this.#callers.set(caller, { stored, endMs: this.#clock.monotonicMs() + forMs })
    this.#store.quarantine(stored)
    return stored
  }

  /** What keeps a caller out now. */
  of(caller: string): StoredQuarantine | undefined {
    const entry = this.#callers.get(caller)
    return entry !== undefined && this.#clock.monotonicMs() < entry.endMs ? entry.stored : undefined
  }

  /**
   * Forgets those whose time is over.
   *
   * @throws StorageError; they are let in all the same
   */
  sweep(): void {
    const over = [...this.#callers.keys()].filter((caller) => this.of(caller) === undefined)
    for (const caller of over) this.lift(caller)
  }

  list(): readonly StoredQuarantine[] {
    return [...this.#callers.keys()].flatMap((caller) => this.of(caller) ?? [])
  }

  /** Lets a caller in again; true when it was kept out. */
  lift(caller: string): boolean {
    const was = this.#callers.delete(caller)
    return this.#store.lift(caller) || was
  }

  /** Those whose time is over are looked for only where it matters. */
  #isFull(): boolean {
    return this.#callers.size >= KEPT_OUT_MAX && this.list().length >= KEPT_OUT_MAX
  }
}
