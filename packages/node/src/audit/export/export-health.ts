import { decodeEntry, type EntryDraft } from '@warren/audit'
import { type Clock, CodedError } from '@warren/core'
import type { StoredEntry } from '@warren/storage'
import type { Report } from '../../node-event.ts'
import type { ExportLimits } from './export-limits.ts'
import type { ExportTarget } from './export-target.ts'

/** Why copies do not arrive just now. */
type ExportTrouble = {
  readonly code: string
  readonly message: string
  /** Of the first failure since the last success. */
  readonly since: string
}

/** How far one receiver has come. */
export type ExportStatus = {
  readonly target: string
  readonly format: string
  readonly transport: string
  /** Entries that have not arrived. */
  readonly behind: number
  /** The time of the oldest of them, where that is known. */
  readonly since: string | null
  readonly trouble: ExportTrouble | null
}

export interface ExportHealthInit {
  readonly target: ExportTarget
  readonly log: { append(draft: EntryDraft): Promise<unknown> }
  readonly clock: Clock
  readonly report: Report
  readonly limits: ExportLimits
}

interface Outage {
  readonly sinceMs: number
  readonly trouble: ExportTrouble
  readonly failures: number
  readonly isTold: boolean
}

/** Whether copies arrive, since when not, and who has been told. */
export class ExportHealth {
  readonly #init: ExportHealthInit
  #outage: Outage | undefined

  constructor(init: ExportHealthInit) {
    this.#init = init
  }

  get isFailing(): boolean {
    return this.#outage !== undefined
  }

  /** Takes note of a failure; how long to wait until the next attempt. */
  async fail(error: unknown): Promise<number> {
    const { clock, limits, target, report } = this.#init
    const nowMs = clock.monotonicMs()
    const since = this.#outage?.trouble.since ?? new Date(clock.wallMs()).toISOString()
    const trouble = { ...describe(error), since }
    const failures = (this.#outage?.failures ?? 0) + 1
    if (this.#outage === undefined) {
      const { code, message } = trouble
      report({ event: 'export-failing', level: 'warn', target: target.name, code, message })
    }
    const sinceMs = this.#outage?.sinceMs ?? nowMs
    const isTold = this.#outage?.isTold ?? false
    this.#outage = { sinceMs, trouble, failures, isTold }
    if (!isTold && nowMs - sinceMs >= limits.alertMs) await this.#tell('warn', 'export-behind')
    return Math.min(limits.retryMsMax, limits.retryMsMin * 2 ** Math.min(failures - 1, 16))
  }

  succeed(): void {
    const outage = this.#outage
    if (outage === undefined) return
    this.#outage = undefined
    const { target, report } = this.#init
    report({ event: 'export-recovered', level: 'info', target: target.name })
  }

  status(progress: { behind: number; waiting: StoredEntry | undefined }): ExportStatus {
    const { behind, waiting } = progress
    const { name, format, transport } = this.#init.target
    return {
      target: name,
      format,
      transport,
      behind,
      since: waiting === undefined ? null : timeOf(waiting),
      trouble: this.#outage?.trouble ?? null,
    }
  }

  /** Once in an outage; where the log cannot be written, it is tried again with the next failure. */
  async #tell(severity: 'warn', code: string): Promise<void> {
    const outage = this.#outage
    if (outage === undefined) return
    const { target, log } = this.#init
    const { trouble } = outage
    try {
      const sentence = `copies of this log have not reached the receiver since ${trouble.since} (${trouble.code}); they wait here`
      await log.append({ kind: 'alert', code, severity, about: target.name, sentence })
      this.#outage = { ...outage, isTold: true }
    } catch {
      // The log says by itself that it cannot be written.
    }
  }
}

function describe(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof CodedError) return { code: error.code, message: error.message }
  return { code: 'defect', message: error instanceof Error ? error.message : 'unknown' }
}

function timeOf({ bytes }: StoredEntry): string | null {
  try {
    return decodeEntry(bytes).at
  } catch {
    // What cannot be read is told of as trouble.
    return null
  }
}
