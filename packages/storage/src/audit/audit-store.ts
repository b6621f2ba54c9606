import type { AuditLog, Body, EntryDraft, Stamp, ValuePlace } from '@warren/audit'
import type { Clock } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import {
  consistencyProof,
  consistencySubtrees,
  historyProof,
  historySubtrees,
  inclusionProof,
  inclusionSubtrees,
  leafHash,
  parseCheckpoint,
  TlogError,
  verifyInclusion,
} from '@warren/tlog'
import { setTimeout as pause } from 'node:timers/promises'
import { StorageError } from '../storage-error.ts'
import type { SegmentContext } from './active-segment.ts'
import { AppendFailure } from './append-failure.ts'
import type { AppendRoom } from './append-file.ts'
import { AuditCopies } from './audit-copies.ts'
import { type Erasure, eraseSegment, keptValues, valueSalt } from './audit-erasure.ts'
import type { AuditHealth } from './audit-health.ts'
import type { AuditIndex } from './audit-index.ts'
import { type AuditReceipt, AuditWriter } from './audit-writer.ts'
import { type ClosedSegment, closedSegments } from './closed-segment.ts'
import { CosignedFile } from './cosigned-file.ts'
import {
  type ReadCursor,
  type ReaderSource,
  type ReadSlice,
  readEntries,
  readEntry,
  readSlices,
  type StoredEntry,
} from './entry-reader.ts'
import { type FileAccess, systemFiles } from './file-access.ts'
import { GroupCommit, type GroupCommitLimits } from './group-commit.ts'
import { type LogPosition, openSegments } from './open-segments.ts'
import { SegmentSecrets } from './segment-secrets.ts'
import { StoreIndex } from './store-index.ts'
import type { TileStore } from './tile-store.ts'

const DRAFT_BYTES = 1_024
const LONG_DRAFT_BYTES = 65_536
const SHORT_KINDS: ReadonlySet<EntryDraft['kind']> = new Set([
  'decision',
  'result',
  'request',
  'response',
])

export interface AuditLimits extends AppendRoom, Partial<GroupCommitLimits> {
  /** A segment that has so many bytes is closed before the next batch. Default 64 MiB. */
  readonly segmentBytesMax?: number
  /** How long to wait before the next attempt on a disk that failed. Default 1,000 ms. */
  readonly retryMs?: number
}

export interface AuditStoreInit {
  /** The directory of the log, `audit/` in the data directory. */
  readonly directory: string
  readonly suite: CryptoSuite
  /** 32 random bytes, from the sealed key files of the node: what opens the keys of the segments. */
  readonly secret: Uint8Array
  readonly clock: Clock
  /** What the node knows of time as a batch is written. */
  readonly stamp: () => Stamp
  /** The log that stood there; throws where the node has not signed its newest checkpoint. */
  readonly openLog: (position: LogPosition) => AuditLog
  readonly limits?: AuditLimits
  readonly files?: FileAccess
}

interface StoreParts {
  readonly init: AuditStoreInit
  readonly context: SegmentContext
  readonly firsts: number[]
  readonly tiles: TileStore
  readonly writer: AuditWriter
  readonly cosigned: CosignedFile
  readonly index: StoreIndex
}

/** The audit log of a node on its disk: segments of entries, tiles of hashes, kept values, and copies for whoever verifies. */
export class AuditStore {
  /** The checkpoints that others have cosigned. */
  readonly cosigned: CosignedFile
  readonly copies: AuditCopies
  readonly #parts: StoreParts
  readonly #group: GroupCommit<EntryDraft, AuditReceipt>

  private constructor(parts: StoreParts) {
    const { init, writer, cosigned } = parts
    this.#parts = parts
    this.cosigned = cosigned
    this.copies = new AuditCopies(init.directory)
    this.#group = new GroupCommit({
      commit: async (drafts) => writer.commit(drafts),
      bytesOf,
      monotonicMs: () => init.clock.monotonicMs(),
      pause: async (ms) => pause(ms),
      ...(init.limits === undefined ? {} : { limits: init.limits }),
    })
  }

  /**
   * Opens the log, or begins it. Whatever a crash can leave is put in order; whatever else does not fit is refused.
   *
   * @throws StorageError `audit-damaged`, `audit-key-wrong`, `audit-unavailable`, `directory-open`; what `openLog` throws
   */
  static async open(init: AuditStoreInit): Promise<AuditStore> {
    const { directory, suite, secret, files = systemFiles, limits = {} } = init
    const secrets = new SegmentSecrets({ directory, suite, secret })
    const context: SegmentContext = { directory, suite, secrets, files, room: roomOf(limits) }
    const cosigned = new CosignedFile(directory)
    const opened = await openSegments(context, cosigned).catch((error: unknown) => {
      throw error instanceof AppendFailure ? unavailable(error) : error
    })
    const firsts = [...opened.firsts]
    const { segment, tiles, position } = opened
    try {
      const index = await StoreIndex.of(directory, firsts)
      const { segmentBytesMax, retryMs } = limits
      const writer = new AuditWriter({
        context,
        segment,
        tiles,
        log: init.openLog(position),
        checkpoint: position.end?.checkpoint,
        stamp: init.stamp,
        onSegment: (first) => firsts.push(first),
        pause: async (ms, signal) => pause(ms, undefined, { signal }),
        ...(segmentBytesMax === undefined ? {} : { segmentBytesMax }),
        ...(retryMs === undefined ? {} : { retryMs }),
      })
      return new AuditStore({ init, context, firsts, tiles, writer, cosigned, index })
    } catch (error) {
      await segment.close()
      throw error
    }
  }

  /** Whether the log can be written, and who wants to know. */
  get health(): AuditHealth {
    return this.#parts.writer.health
  }

  /** Entries that are on the disk. */
  get size(): number {
    return this.#parts.writer.size
  }

  /** The note of the newest checkpoint that is on the disk. */
  get checkpoint(): string | undefined {
    return this.#parts.writer.checkpoint
  }

  /** The places of the first entries of all segments. */
  get segments(): readonly number[] {
    return this.#parts.firsts
  }

  /**
   * Writes an entry; resolves with its place when it is on the disk, under a checkpoint.
   *
   * @throws StorageError `audit-unavailable`, `audit-queue-full`, `audit-closed`; AuditError for a draft that cannot be an entry
   */
  async append(draft: EntryDraft): Promise<AuditReceipt> {
    return this.#group.submit(draft)
  }

  /**
   * Writes an entry for which nobody waits: with those that are written anyway, or by itself after half a second.
   *
   * @throws as `append`
   */
  async appendLater(draft: EntryDraft): Promise<AuditReceipt> {
    return this.#group.submitLater(draft)
  }

  /** Entries in order from a place on, or from where a reader stood, as they are on the disk now. */
  slices(from: number | ReadCursor): AsyncGenerator<ReadSlice> {
    return readSlices(this.#source(), from)
  }

  /** Entries in order from a place on. */
  entries(from: number): AsyncGenerator<StoredEntry> {
    return readEntries(this.#source(), from)
  }

  /**
   * One entry.
   *
   * @throws StorageError `audit-entry-missing`, `audit-erased`
   */
  async entry(seq: number): Promise<Uint8Array> {
    return readEntry(this.#source(), { seq, size: this.size })
  }

  /** The newest entries, the oldest of them first. */
  async last(count: number): Promise<readonly StoredEntry[]> {
    const entries: StoredEntry[] = []
    const { size } = this
    for await (const entry of this.entries(Math.max(0, size - count))) {
      if (entry.seq < size) entries.push(entry)
    }
    return entries
  }

  /**
   * The values that were kept beside an entry.
   *
   * @throws StorageError `audit-erased`, `audit-damaged`
   */
  async bodies(seq: number): Promise<readonly Body[]> {
    return keptValues(this.#parts.context, this.segments, seq)
  }

  /**
   * What proves one value of an entry to somebody who is given both.
   *
   * @throws StorageError `audit-entry-missing`, `audit-erased`
   */
  async salt(place: ValuePlace): Promise<Uint8Array> {
    await this.entry(place.seq)
    return valueSalt(this.#parts.context, this.segments, place)
  }

  /** The proof that an entry is in the tree of a size, at most that of the log. */
  async inclusionProof(index: number, size: number = this.size): Promise<readonly Uint8Array[]> {
    const { tiles, init } = this.#parts
    const hashes = await tiles.load(inclusionSubtrees(index, size))
    return inclusionProof(init.suite, hashes, { index, size })
  }

  /** The proof that the tree of a size begins with that of an older one. */
  async consistencyProof(
    oldSize: number,
    size: number = this.size,
  ): Promise<readonly Uint8Array[]> {
    const { tiles, init } = this.#parts
    const hashes = await tiles.load(consistencySubtrees({ oldSize, size }))
    return consistencyProof(init.suite, hashes, { oldSize, size })
  }

  /** What the tree of a size was at an older one, for somebody who knows otherwise. */
  async historyProof(oldSize: number, size: number): Promise<readonly Uint8Array[]> {
    const { tiles, init } = this.#parts
    const hashes = await tiles.load(historySubtrees({ oldSize, size }))
    return historyProof(init.suite, hashes, { oldSize, size })
  }

  /**
   * Erases what a closed segment holds, its kept values alone or its entries with them; the log says so first.
   *
   * @throws StorageError `audit-segment-in-use`, `audit-entry-missing`; `audit-damaged`, `audit-erased` where entries are not
   * there as they were signed; as `append`; and where the index cannot forget them, which it tries again when they are
   * erased again
   */
  async erase(erasure: Erasure): Promise<void> {
    const { index } = this.#parts
    try {
      await this.#erase(erasure)
    } catch (error) {
      // The index may not have forgotten them when they were erased.
      if (isErased(error) && erasure.what === 'entries') await index.forget()
      throw error
    }
    if (erasure.what === 'entries') await index.forget()
  }

  async #erase(erasure: Erasure): Promise<void> {
    const { context, writer, tiles } = this.#parts
    await eraseSegment({
      context,
      erasure,
      firsts: this.segments,
      active: writer.active.first,
      append: async (draft) => this.append(draft),
      entries: (from) => this.entries(from),
      isSigned: async (entry) => this.#isSigned(entry),
      tree: {
        checkpoint: this.checkpoint,
        frontier: async (size) => tiles.frontier(size),
        consistencyProof: async (oldSize, size) => this.consistencyProof(oldSize, size),
      },
    })
  }

  /** What the segments that are closed hold still, the oldest first. */
  async closedSegments(): Promise<readonly ClosedSegment[]> {
    const { context, writer } = this.#parts
    const { first } = writer.active
    return closedSegments(
      context.directory,
      this.segments.filter((each) => each <= first),
    )
  }

  /** Opens the index of this log, or makes it; its owner closes it before the log is stopped. */
  async openIndex(): Promise<AuditIndex> {
    return this.#parts.index.open(this)
  }

  /** Writes what waits, refuses what comes after, and closes the files. */
  async stop(): Promise<void> {
    await this.#group.stop()
    await this.#parts.writer.stop()
    this.#parts.context.secrets.wipe()
  }

  /** Whether the tree that the node has signed last has this entry at its place. */
  async #isSigned({ seq, bytes }: StoredEntry): Promise<boolean> {
    const { suite } = this.#parts.init
    if (this.checkpoint === undefined) return false
    const { size, root } = parseCheckpoint(this.checkpoint)
    const proof = await this.inclusionProof(seq, size)
    try {
      verifyInclusion(suite, proof, { index: seq, size, root, leaf: leafHash(suite, bytes) })
      return true
    } catch (error) {
      if (error instanceof TlogError) return false
      throw error
    }
  }

  #source(): ReaderSource {
    const { context, writer } = this.#parts
    return { directory: context.directory, firsts: [...this.segments], active: writer.active }
  }
}

function roomOf({ allocateBytes, reserveBytes }: AuditLimits): AppendRoom {
  return {
    ...(allocateBytes === undefined ? {} : { allocateBytes }),
    ...(reserveBytes === undefined ? {} : { reserveBytes }),
  }
}

/** Only what a caller can make long is long; what the node itself says may be. */
function bytesOf(draft: EntryDraft): number {
  return SHORT_KINDS.has(draft.kind) ? DRAFT_BYTES : LONG_DRAFT_BYTES
}

function isErased(error: unknown): boolean {
  return error instanceof StorageError && error.code === 'audit-erased'
}

function unavailable(cause: AppendFailure): StorageError {
  return new StorageError(
    'audit-unavailable',
    `the audit log cannot be opened (${cause.reason}): look at the disk and the rights of the data directory`,
    { cause },
  )
}
