import { nodeSuite as suite } from '@warren/crypto/node-suite'
import type { Scheduler } from '@warren/mcp'
import type { AuditStore, ClosedSegment } from '@warren/storage'
import { type KnownSigner, parseCheckpoint, verifyCheckpoint } from '@warren/tlog'
import type { Report } from '../node-event.ts'

const DAY_SECONDS = 86_400
const ROUND_MS = 3_600_000

/** How long what closed segments hold is kept; for ever what is not said. */
export interface RetentionRule {
  /** Kept values, and with them the salts of all digests. */
  readonly valuesDays?: number | undefined
  /** Entries, and everything with them. */
  readonly entriesDays?: number | undefined
}

export interface AuditRetentionInit {
  readonly store: Pick<AuditStore, 'closedSegments' | 'erase'>
  /** This node as a signer of its log. */
  readonly log: KnownSigner
  /** Mesh time, milliseconds since 1970; undefined as long as nobody knows it. */
  readonly timeMs: () => number | undefined
  readonly scheduler: Scheduler
  readonly report: Report
}

/**
 * Erases what is older than the configuration lets it be, once an hour.
 *
 * How old a segment is, the signed time of the checkpoint behind it says, which never goes back; what time it is, the mesh
 * says. A clock that was wrong for a while can make things stay longer, and none go sooner.
 */
export class AuditRetention {
  readonly #init: AuditRetentionInit
  #rule: RetentionRule = {}
  #round: Promise<void> | undefined
  #cancel: (() => void) | undefined
  #stopped = false

  constructor(init: AuditRetentionInit) {
    this.#init = init
  }

  /** Takes over what the configuration says, and looks at once whether something is to go. */
  configure(rule: RetentionRule): void {
    this.#rule = rule
    this.#look()
  }

  /** Waits for the round that is under way. */
  async settled(): Promise<void> {
    await this.#round
  }

  /** Ends the rounds, when what is being erased is. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel?.()
    await this.#round
  }

  #look(): void {
    this.#cancel?.()
    if (this.#stopped) return
    this.#cancel = this.#init.scheduler.after(ROUND_MS, () => this.#look())
    this.#round ??= this.#eraseOld().finally(() => {
      this.#round = undefined
    })
  }

  async #eraseOld(): Promise<void> {
    const { store, timeMs, report } = this.#init
    const nowMs = timeMs()
    if (nowMs === undefined) return
    try {
      for (const segment of await store.closedSegments()) {
        const what = this.#whatIsOld(segment, nowMs)
        if (this.#stopped) return
        if (what !== undefined) await store.erase({ segment: segment.first, what })
      }
    } catch (error) {
      // What could not be erased now is looked at again in an hour; nothing waits for it.
      report({ event: 'audit-retention', level: 'error', message: String(error) })
    }
  }

  #whatIsOld(
    { hasEntries, hasValues, checkpoint }: ClosedSegment,
    nowMs: number,
  ): 'entries' | 'bodies' | undefined {
    if (checkpoint === undefined) return undefined
    const { valuesDays = Infinity, entriesDays = Infinity } = this.#rule
    const days = (nowMs / 1000 - this.#timeOf(checkpoint)) / DAY_SECONDS
    if (days > entriesDays && hasEntries) return 'entries'
    return days > valuesDays && hasValues ? 'bodies' : undefined
  }

  #timeOf(note: string): number {
    const { log } = this.#init
    return verifyCheckpoint({ suite, checkpoint: parseCheckpoint(note), log }).timeSeconds
  }
}
