import { type Batch, checkpointLine, deriveSegmentKeys, type SegmentKeys } from '@warren/audit'
import type { CryptoSuite } from '@warren/crypto'
import type { TreeFrontier } from '@warren/tlog'
import { chmod } from 'node:fs/promises'
import { dirname } from 'node:path'
import { flushDirectory } from '../flushed-file.ts'
import { StorageError } from '../storage-error.ts'
import { AppendFile, type Appended, type AppendRoom } from './append-file.ts'
import { BodiesFile } from './bodies-file.ts'
import type { FileAccess } from './file-access.ts'
import { bodiesPath, segmentPath } from './segment-name.ts'
import { scanSegment, type ScannedSegment } from './segment-scan.ts'
import type { SegmentSecrets } from './segment-secrets.ts'

const CLOSED_MODE = 0o400

export interface SegmentContext {
  readonly directory: string
  readonly suite: CryptoSuite
  readonly secrets: SegmentSecrets
  readonly files: FileAccess
  readonly room: AppendRoom
}

/** A batch on its way to the disk: the kept values first, so that no entry lacks what it says is kept. */
export interface PendingBatch extends Pick<Batch, 'bytes' | 'bodies'> {
  bodiesWritten: boolean
}

interface SegmentParts {
  readonly first: number
  /** The tree before its first entry. */
  readonly start: TreeFrontier
  readonly keys: SegmentKeys
  readonly entries: AppendFile
  readonly bodies: BodiesFile
}

/** The segment that grows: its entries, its kept values, its keys. */
export class ActiveSegment {
  readonly #context: SegmentContext
  readonly #parts: SegmentParts

  private constructor(context: SegmentContext, parts: SegmentParts) {
    this.#context = context
    this.#parts = parts
  }

  /** Makes a segment behind a tree, with the checkpoint of that tree as its first line; it lasts when this resolves. */
  static async create(
    context: SegmentContext,
    start: TreeFrontier,
    checkpoint: string | undefined,
  ): Promise<ActiveSegment> {
    const first = start.size
    const keys = deriveSegmentKeys(context.suite, await context.secrets.create(first))
    const path = segmentPath(context.directory, first)
    const { files, room, suite } = context
    const entries = await AppendFile.open({ path, length: 0, files, ...room })
    try {
      if (checkpoint !== undefined) await entries.append(checkpointLine(checkpoint))
      else await entries.refill()
      await flushDirectory(dirname(path))
    } catch (error) {
      await entries.close()
      throw error
    }
    const bodies = BodiesFile.create({
      path: bodiesPath(context.directory, first),
      suite,
      key: keys.body,
      files,
    })
    return new ActiveSegment(context, { first, start, keys, entries, bodies })
  }

  /**
   * Opens the segment that was scanned, and cuts off what lies behind its last checkpoint.
   *
   * @throws StorageError `audit-key-wrong`, AppendFailure
   */
  static async open(
    context: SegmentContext,
    start: TreeFrontier,
    scanned: ScannedSegment,
  ): Promise<ActiveSegment> {
    const first = start.size
    const secret = await context.secrets.read(first)
    if (secret === undefined) {
      throw new StorageError('audit-key-wrong', `the key of the segment ${first} is missing`)
    }
    const keys = deriveSegmentKeys(context.suite, secret)
    const path = segmentPath(context.directory, first)
    const { files, room, suite } = context
    const entries = await AppendFile.open({ path, length: scanned.length, files, ...room })
    const bodies = await BodiesFile.open(
      { path: bodiesPath(context.directory, first), suite, key: keys.body, files },
      scanned.frontier.size,
    ).catch(async (error: unknown) => {
      await entries.close()
      throw error
    })
    return new ActiveSegment(context, { first, start, keys, entries, bodies })
  }

  /** The place of its first entry. */
  get first(): number {
    return this.#parts.first
  }

  get saltKey(): Uint8Array {
    return this.#parts.keys.salt
  }

  /** Bytes of its entries and checkpoints that are on the disk. */
  get length(): number {
    return this.#parts.entries.length
  }

  /** Writes a batch; what was written before a failure is not written again. */
  async write(batch: PendingBatch): Promise<Appended> {
    if (!batch.bodiesWritten && batch.bodies.length > 0)
      await this.#parts.bodies.append(batch.bodies)
    batch.bodiesWritten = true
    return this.#parts.entries.append(batch.bytes)
  }

  /** Makes room again; throws as long as there is none. */
  async refill(): Promise<void> {
    await this.#parts.entries.refill()
  }

  /**
   * Opens the files anew after a failure; another file in the place of the one that was written must hold the same tree.
   *
   * @throws AppendFailure, StorageError `audit-damaged`
   */
  async reopen(tree: TreeFrontier): Promise<void> {
    await this.#parts.bodies.reopen()
    const { changed } = await this.#parts.entries.reopen()
    if (!changed) return
    const { path } = this.#parts.entries
    const { length, frontier } = await scanSegment({
      path,
      suite: this.#context.suite,
      start: this.#parts.start,
    })
    if (length === this.length && Buffer.compare(frontier.root(), tree.root()) === 0) return
    throw new StorageError(
      'audit-damaged',
      `"${path}" is another file than the one that was written`,
    )
  }

  /** Closes the files for ever: nobody writes to them any more, not even by mistake. */
  async seal(): Promise<void> {
    await this.close()
    await chmod(this.#parts.entries.path, CLOSED_MODE)
  }

  async close(): Promise<void> {
    await this.#parts.bodies.close()
    await this.#parts.entries.close()
    this.#parts.keys.salt.fill(0)
    this.#parts.keys.body.fill(0)
  }
}
