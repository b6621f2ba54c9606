import type { AppendFailureReason } from './append-failure.ts'

/** Whether the log can be written; every call is refused while it cannot. */
export type AuditHealthState =
  | { readonly status: 'well' }
  | {
      readonly status: 'unavailable'
      readonly reason: AppendFailureReason
      /** Entries that were refused since. */
      readonly refused: number
    }

type HealthListener = (state: AuditHealthState) => void

/** What the log says of itself: a state, and a word to whoever listens when it changes. */
export class AuditHealth {
  readonly #listeners = new Set<HealthListener>()
  #state: AuditHealthState = { status: 'well' }

  get state(): AuditHealthState {
    return this.#state
  }

  /** Calls the listener at each change of status or reason, until the returned function is called. */
  listen(listener: HealthListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  fail(reason: AppendFailureReason): void {
    const known = this.#state.status === 'unavailable' ? this.#state : undefined
    if (known?.reason === reason) return
    this.#change({ status: 'unavailable', reason, refused: known?.refused ?? 0 })
  }

  /** Counts entries that were refused. */
  refuse(count: number): void {
    if (this.#state.status === 'well') return
    this.#state = { ...this.#state, refused: this.#state.refused + count }
  }

  recover(): void {
    if (this.#state.status !== 'well') this.#change({ status: 'well' })
  }

  #change(state: AuditHealthState): void {
    this.#state = state
    for (const listener of this.#listeners) listener(state)
  }
}
