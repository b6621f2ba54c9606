import assert from 'node:assert/strict'
import type { AuditLog, Batch, EntryDraft, Stamp } from '@warren/audit'
import { StorageError } from '../storage-error.ts'
import { ActiveSegment, type PendingBatch, type SegmentContext } from './active-segment.ts'
import { type AppendFailure, appendFailure } from './append-failure.ts'
import { AuditHealth } from './audit-health.ts'
import type { Outcome } from './group-commit.ts'
import type { TileStore } from './tile-store.ts'

const SEGMENT_BYTES_MAX = 64 * 1_048_576
const RETRY_MS = 1_000
const DAY_US = 86_400_000_000

/** What an entry is told when it is on the disk. */
export interface AuditReceipt {
  readonly seq: number
}

export interface AuditWriterInit {
  readonly context: SegmentContext
  readonly segment: ActiveSegment
  readonly tiles: TileStore
  readonly log: AuditLog
  /** The note of the newest checkpoint, where there is one. */
  readonly checkpoint: string | undefined
  readonly stamp: () => Stamp
  /** Told of each new segment, by the place of its first entry. */
  readonly onSegment: (first: number) => void
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>
  readonly segmentBytesMax?: number
  readonly retryMs?: number
}

interface Pending extends PendingBatch {
  readonly batch: Batch
}

/**
 * Brings batches to the disk, one at a time, and lives through what a disk can do.
 *
 * What has been signed is never signed differently: a batch that could not be written is refused to those who waited,
 * stays what it is, and is the first to be written once the disk takes it. Until then every other is refused at once.
 */
export class AuditWriter {
  readonly health: AuditHealth = new AuditHealth()
  readonly #init: AuditWriterInit
  readonly #segmentBytesMax: number
  readonly #stopping = new AbortController()
  #segment: ActiveSegment
  #log: AuditLog
  #checkpoint: string | undefined
  #pending: Pending | undefined
  /** Entries that were refused and are written late, since they were signed. */
  #late: { readonly from: number; readonly to: number } | undefined
  #rotationDue = false
  #day: number | undefined
  #recovery: Promise<void> | undefined

  constructor(init: AuditWriterInit) {
    this.#init = init
    this.#segment = init.segment
    this.#log = init.log
    this.#checkpoint = init.checkpoint
    this.#segmentBytesMax = init.segmentBytesMax ?? SEGMENT_BYTES_MAX
  }

  /** Entries that are on the disk. */
  get size(): number {
    return this.#log.frontier.size
  }

  /** The note of the newest checkpoint that is on the disk. */
  get checkpoint(): string | undefined {
    return this.#checkpoint
  }

  /** The segment that grows, and how much of it is on the disk. */
  get active(): { readonly first: number; readonly length: number } {
    return { first: this.#segment.first, length: this.#segment.length }
  }

  /**
   * Makes a batch of entries durable.
   *
   * @throws StorageError `audit-unavailable`
   */
  async commit(drafts: readonly EntryDraft[]): Promise<readonly Outcome<AuditReceipt>[]> {
    if (this.health.state.status === 'unavailable') throw this.#refusal(drafts.length)
    try {
      await this.#rotateWhereDue()
    } catch (error) {
      throw this.#fail(error, drafts.length)
    }
    const batch = this.#build(drafts)
    try {
      const trouble = await this.#write(batch)
      if (trouble !== undefined) await this.#alarm(trouble)
    } catch (error) {
      throw this.#fail(error, drafts.length)
    }
    return outcomesOf(batch, drafts.length)
  }

  /** Ends the attempts and closes the files. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#recovery
    await this.#init.tiles.close()
    await this.#segment.close()
  }

  #build(drafts: readonly EntryDraft[]): Batch {
    return this.#log.batch({ drafts, stamp: this.#init.stamp(), saltKey: this.#segment.saltKey })
  }

  /** Why the next batch will not find its place, where that is known already. */
  async #write(batch: Batch): Promise<AppendFailure | undefined> {
    const { bytes, bodies } = batch
    if (bytes.length === 0) return undefined
    this.#pending = { batch, bytes, bodies, bodiesWritten: false }
    return this.#writePending()
  }

  async #writePending(): Promise<AppendFailure | undefined> {
    if (this.#pending === undefined) return undefined
    const { batch } = this.#pending
    const { low } = await this.#segment.write(this.#pending)
    this.#pending = undefined
    this.#log = batch.next
    this.#checkpoint = batch.checkpoint
    try {
      await this.#init.tiles.append(batch.entries.map(({ leafHash }) => leafHash))
    } catch (error) {
      return appendFailure(error)
    }
    return low
  }

  /** What the room that was kept is for: the log itself says that it is full. The attempts begin when that is written. */
  async #alarm(trouble: AppendFailure): Promise<void> {
    this.health.fail(trouble.reason)
    try {
      await this.#writeAlert(
        'audit-unavailable',
        'error',
        `no room for the audit log: ${trouble.reason}`,
      )
    } catch {
      // The state says so already; the entry is written once there is room.
    }
    this.#beginRecovery(trouble)
  }

  async #writeAlert(code: string, severity: 'warn' | 'error', sentence: string): Promise<void> {
    await this.#write(this.#build([{ kind: 'alert', code, severity, sentence }]))
  }

  async #rotateWhereDue(): Promise<void> {
    const day = Math.floor(this.#init.stamp().wallUs / DAY_US)
    const isNewDay = this.#day !== undefined && this.#day !== day
    this.#day = day
    this.#rotationDue ||= isNewDay || this.#segment.length >= this.#segmentBytesMax
    if (!this.#rotationDue || this.size === this.#segment.first) return
    await this.#init.tiles.seal()
    const next = await ActiveSegment.create(
      this.#init.context,
      this.#log.frontier,
      this.#checkpoint,
    )
    const closed = this.#segment
    this.#segment = next
    this.#rotationDue = false
    this.#init.onSegment(next.first)
    await closed.seal()
  }

  #fail(error: unknown, refused: number): StorageError {
    const { entries } = this.#pending?.batch ?? { entries: [] }
    const [from, to] = [entries[0]?.seq, entries.at(-1)?.seq]
    if (from !== undefined && to !== undefined) this.#late = { from, to }
    this.#beginRecovery(appendFailure(error))
    return this.#refusal(refused, error)
  }

  #refusal(count: number, cause?: unknown): StorageError {
    this.health.refuse(count)
    const { state } = this.health
    const reason = state.status === 'unavailable' ? state.reason : 'closing'
    return new StorageError(
      'audit-unavailable',
      `the audit log cannot be written (${reason}): look at the disk of the data directory; it is tried again every second`,
      { cause },
    )
  }

  #beginRecovery(failure: AppendFailure): void {
    this.health.fail(failure.reason)
    this.#recovery ??= this.#recover()
  }

  async #recover(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await this.#init.pause(this.#init.retryMs ?? RETRY_MS, signal).catch(() => {
        // Stopping ends the pause, and the loop with it.
      })
      if (signal.aborted) return
      try {
        await this.#tryAgain()
        this.#recovery = undefined
        this.health.recover()
        return
      } catch (error) {
        this.health.fail(appendFailure(error).reason)
      }
    }
  }

  /** All that has to be done before entries are taken again, in the order in which it could have been left undone. */
  async #tryAgain(): Promise<void> {
    await this.#segment.reopen(this.#log.frontier)
    const low = await this.#writePending()
    if (low !== undefined) throw low
    await this.#segment.refill()
    await this.#init.tiles.append([])
    await this.#rotateWhereDue()
    const { state } = this.health
    if (state.status === 'well') return
    const late =
      this.#late === undefined
        ? ''
        : `, of which ${this.#late.from} to ${this.#late.to} were written late`
    const sentence = `the audit log could not be written (${state.reason}); ${state.refused} entries were refused${late}`
    await this.#writeAlert('audit-recovered', 'warn', sentence)
    this.#late = undefined
  }
}

function outcomesOf(batch: Batch, count: number): readonly Outcome<AuditReceipt>[] {
  const outcomes = new Map<number, Outcome<AuditReceipt>>()
  for (const { draft, error } of batch.refused) outcomes.set(draft, { error })
  for (const { draft, seq } of batch.entries) {
    if (draft !== undefined) outcomes.set(draft, { receipt: { seq } })
  }
  return Array.from({ length: count }, (_, draft) => {
    const outcome = outcomes.get(draft)
    assert(outcome !== undefined, 'the log forgot a draft')
    return outcome
  })
}
