import { BoundedMap, type Clock } from '@warren/core'
import type { LanDiscoveryError } from './lan-discovery-error.ts'

const REPEAT_MS = 60_000
const KINDS_MAX = 256

/** Passes errors on, the same one at most once a minute. Bounded: of 256 kinds the oldest is forgotten. */
export class ErrorReports {
  readonly #clock: Clock
  readonly #report: (error: LanDiscoveryError) => void
  readonly #lastMs = new BoundedMap<string, number>(KINDS_MAX)

  constructor(clock: Clock, report: (error: LanDiscoveryError) => void) {
    this.#clock = clock
    this.#report = report
  }

  report(error: LanDiscoveryError): void {
    const nowMs = this.#clock.monotonicMs()
    const kind = `${error.code} ${error.message}`
    const lastMs = this.#lastMs.get(kind)
    if (lastMs !== undefined && nowMs - lastMs < REPEAT_MS) return
    this.#lastMs.set(kind, nowMs)
    this.#report(error)
  }
}
