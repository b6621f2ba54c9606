import { AuditError, type EntryDraft } from '@warren/audit'
import type { Scheduler } from '@warren/mcp'
import { StorageError } from '@warren/storage'
import type { Report } from '../node-event.ts'

/** Entries that wait while the log cannot be written; whatever comes then is counted. */
const WAITING_MAX = 16_384
/** Entries that are handed in at once. */
const ROUND_MAX = 256
const RETRY_MS = 1_000
/** What passes by itself. */
const PASSING: ReadonlySet<string> = new Set(['audit-unavailable', 'audit-queue-full'])

export interface NoteQueueInit {
  readonly scheduler: Scheduler
  readonly report: Report
  /** Resolves when the entry is on the disk. */
  readonly append: (draft: EntryDraft) => Promise<unknown>
}

/** Entries about what has happened anyway, so that nobody waits for them: they are written in order as soon as they can be. */
export class NoteQueue {
  readonly #init: NoteQueueInit
  #waiting: EntryDraft[] = []
  #lost = 0
  #writing: Promise<void> | undefined
  #wake: (() => void) | undefined
  #stopped = false

  constructor(init: NoteQueueInit) {
    this.#init = init
  }

  add(draft: EntryDraft): void {
    if (this.#stopped || this.#waiting.length >= WAITING_MAX) {
      this.#lost += 1
      return
    }
    this.#waiting.push(draft)
    this.#writing ??= this.#write()
  }

  /** Writes what can be written now, and gives the rest up. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#wake?.()
    await this.#writing
    const count = this.#waiting.length + this.#lost
    if (count > 0) this.#init.report({ event: 'audit-entries-lost', level: 'error', count })
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const round = this.#waiting.splice(0, ROUND_MAX)
      const kept = await this.#append(round)
      this.#waiting.unshift(...kept)
      if (kept.length > 0 && this.#stopped) break
      if (kept.length > 0) await this.#pause()
      else this.#sayLost()
    }
    this.#writing = undefined
  }

  /** Those that have to wait. */
  async #append(round: readonly EntryDraft[]): Promise<readonly EntryDraft[]> {
    const outcomes = await Promise.allSettled(round.map(async (draft) => this.#init.append(draft)))
    return outcomes.flatMap((outcome, index) => {
      const draft = round[index]
      if (outcome.status === 'fulfilled' || draft === undefined) return []
      const reason: unknown = outcome.reason
      if (reason instanceof StorageError && PASSING.has(reason.code)) return [draft]
      if (!(reason instanceof StorageError) && !(reason instanceof AuditError)) throw reason
      const { code, message } = reason
      this.#init.report({ event: 'audit-entry-refused', level: 'error', code, message })
      return []
    })
  }

  #sayLost(): void {
    if (this.#lost === 0) return
    const sentence = `${this.#lost} entries that nobody waited for found no place while the log could not be written.`
    this.#lost = 0
    this.#waiting.unshift({ kind: 'alert', code: 'entries-lost', severity: 'error', sentence })
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.#init.scheduler.after(RETRY_MS, resolve)
    this.#wake = resolve
    await promise
    cancel()
    this.#wake = undefined
  }
}
