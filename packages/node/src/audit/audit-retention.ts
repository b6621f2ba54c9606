import { AuditError, decodeEntry, parseMicros } from '@warren/audit'
import { nodeSuite as suite } from '@warren/crypto/node-suite'
import type { Scheduler } from '@warren/mcp'
import { type AuditStore, type ClosedSegment, StorageError } from '@warren/storage'
import { type KnownSigner, parseCheckpoint, verifyCheckpoint } from '@warren/tlog'
import type { Report } from '../node-event.ts'
import type { MeshNow } from './mesh-moment.ts'

const DAY_SECONDS = 86_400
const ROUND_MS = 3_600_000
/** Segments in which it is looked for an entry that says mesh time, from the one that is to be erased on. */
const SEGMENTS_READ_MAX = 8

/** How long what closed segments hold is kept; for ever what is not said. */
export interface RetentionRule {
  /** Kept values, and with them the salts of all digests. */
  readonly valuesDays?: number | undefined
  /** Entries, and everything with them. */
  readonly entriesDays?: number | undefined
}

export interface AuditRetentionInit {
  readonly store: Pick<AuditStore, 'closedSegments' | 'entries' | 'erase'>
  /** This node as a signer of its log. */
  readonly log: KnownSigner
  /** Undefined as long as nobody knows what time it is. */
  readonly now: () => MeshNow | undefined
  readonly scheduler: Scheduler
  readonly report: Report
}

/**
 * Erases what is older than the configuration lets it be, once an hour.
 *
 * How old a segment is, the signed time of the checkpoint behind it says, or of the first later one that is there, since
 * times never go back; what time it is, the mesh says. The signed time is that of the clock of this machine, so in a mesh with witnesses it has to be old by what the
 * entries say of mesh time too, and stays where they do not say it. A clock that was wrong for a while can make things
 * stay longer, and none go sooner. Without witnesses there is no other clock than that of the machine.
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
    const { store, now } = this.#init
    const meshNow = now()
    if (meshNow === undefined) return
    const failures: string[] = []
    try {
      const segments = await store.closedSegments()
      for (const at of segments.keys()) {
        if (this.#stopped) break
        // One that is damaged keeps nothing that is behind it.
        await this.#eraseFirst(segments.slice(at), meshNow).catch((error: unknown) => {
          failures.push(String(error))
        })
      }
    } catch (error) {
      failures.push(String(error))
    }
    this.#reportFailures(failures)
  }

  async #eraseFirst(segments: readonly ClosedSegment[], meshNow: MeshNow): Promise<void> {
    const [segment] = segments
    const what = await this.#whatIsOld(segments, meshNow)
    if (segment === undefined || what === undefined || this.#stopped) return
    const { first, hasValues } = segment
    try {
      await this.#init.store.erase({ segment: first, what })
    } catch (error) {
      // Entries that are not as they were signed stay as they are; what was kept beside them is too old all the same.
      if (what === 'entries' && hasValues) {
        await this.#init.store.erase({ segment: first, what: 'bodies' })
      }
      throw error
    }
  }

  /** What could not be erased now is looked at again in an hour; nothing waits for it. */
  #reportFailures([first, ...others]: readonly string[]): void {
    if (first === undefined) return
    const more = others.length === 0 ? '' : `, and ${others.length} more`
    const message = `${first}${more}`
    this.#init.report({ event: 'audit-retention', level: 'error', message })
  }

  /** What is to go of the first of these segments, which follow one another. */
  async #whatIsOld(
    segments: readonly ClosedSegment[],
    { ms, isWitnessed }: MeshNow,
  ): Promise<'entries' | 'bodies' | undefined> {
    const [segment] = segments
    if (segment?.checkpoint === undefined) return undefined
    const nowSeconds = ms / 1000
    const what = this.#tooOld(segment, nowSeconds - this.#timeOf(segment.checkpoint))
    if (what === undefined || !isWitnessed) return what
    const meshSeconds = await this.#meshSecondsOf(segments)
    return meshSeconds === undefined ? undefined : this.#tooOld(segment, nowSeconds - meshSeconds)
  }

  #tooOld(
    { hasEntries, hasValues }: ClosedSegment,
    ageSeconds: number,
  ): 'entries' | 'bodies' | undefined {
    const { valuesDays = Infinity, entriesDays = Infinity } = this.#rule
    const days = ageSeconds / DAY_SECONDS
    if (days > entriesDays && hasEntries) return 'entries'
    // Where entries are gone, or stay since they are not as they were signed, values are not kept longer than they.
    return days > Math.min(valuesDays, entriesDays) && hasValues ? 'bodies' : undefined
  }

  /** Mesh time when the first of these segments had ended for certain: what its last entry says, or one that came later. */
  async #meshSecondsOf(segments: readonly ClosedSegment[]): Promise<number | undefined> {
    const readable = segments.filter(({ hasEntries }) => hasEntries).slice(0, SEGMENTS_READ_MAX)
    for (const { end } of readable) {
      const meshSeconds = await this.#meshSecondsAt(end - 1).catch((error: unknown) => {
        // A segment that is damaged dates nothing; a later one does, whose mesh time is never sooner.
        if (error instanceof StorageError || error instanceof AuditError) return undefined
        throw error
      })
      if (meshSeconds !== undefined) return meshSeconds
    }
    return undefined
  }

  /** Mesh time as an entry says it; undefined where it does not, or is not there. */
  async #meshSecondsAt(place: number): Promise<number | undefined> {
    for await (const { seq, bytes } of this.#init.store.entries(place)) {
      const { meshAt } = decodeEntry(bytes)
      return seq === place && meshAt !== undefined ? parseMicros(meshAt) / 1_000_000 : undefined
    }
    return undefined
  }

  #timeOf(note: string): number {
    const { log } = this.#init
    return verifyCheckpoint({ suite, checkpoint: parseCheckpoint(note), log }).timeSeconds
  }
}
