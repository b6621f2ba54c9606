import { checkpointLine } from '@warren/audit'
import { constants } from 'node:fs'
import { lstat, open } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from '../errno.ts'
import { writePrivateFile } from '../private-file.ts'
import { StorageError } from '../storage-error.ts'
import { type CheckpointLine, parseCheckpointLine } from './checkpoint-line.ts'
import { linesIfThere } from './read-lines.ts'

const FILE_MODE = 0o600
const FILE_BYTES_MAX = 16 * 1_048_576
const NEWEST_KEPT = 128
/** One checkpoint of each segment may be more than the file is thinned out at; so many times as much stays, and is read. */
const THINNED_TIMES = 2
const READ_TIMES = 4

/**
 * The checkpoints that others have cosigned, which is what a log cannot take back.
 *
 * Of old ones, the last of each segment is kept, so that the file stays small and every segment has its witness; the
 * oldest go where even that is too much.
 */
export class CosignedFile {
  readonly #path: string
  readonly #bytesMax: number
  readonly #keptMax: number
  /** One write after the other. */
  #turn: Promise<void> = Promise.resolve()

  constructor(directory: string, bytesMax: number = FILE_BYTES_MAX, keptMax: number = NEWEST_KEPT) {
    this.#path = join(directory, 'cosigned.log')
    this.#bytesMax = bytesMax
    this.#keptMax = keptMax
  }

  /**
   * All that are kept, the oldest first, each once; a line that a crash has cut short counts for nothing.
   *
   * @throws StorageError `audit-damaged` for a file that is larger than any log makes it
   */
  async all(): Promise<readonly CheckpointLine[]> {
    const checkpoints = new Map<string, CheckpointLine>()
    const bytesMax = READ_TIMES * this.#bytesMax
    for await (const { bytes, offset } of linesIfThere({ path: this.#path })) {
      if (offset + bytes.length > bytesMax) {
        const most = `more than ${bytesMax} bytes, which is more than a log keeps there`
        throw new StorageError('audit-damaged', `"${this.#path}" has ${most}`)
      }
      const checkpoint = parseCheckpointLine(bytes)
      if (checkpoint !== undefined) checkpoints.set(checkpoint.note, checkpoint)
    }
    return [...checkpoints.values()]
  }

  /**
   * Adds a checkpoint; it lasts when this resolves.
   *
   * @throws StorageError `file-unwritable`
   */
  async add(note: string, segments: readonly number[]): Promise<void> {
    const turn = this.#turn.then(async () => this.#add(note, segments))
    this.#turn = turn.catch(() => {
      // Whoever asked for that write was told; the next one stands for itself.
    })
    return turn
  }

  async #add(note: string, segments: readonly number[]): Promise<void> {
    const line = checkpointLine(note)
    try {
      const stats = await lstat(this.#path).catch(() => undefined)
      if (stats !== undefined && stats.size + line.length > this.#bytesMax)
        await this.#thin(segments)
      await this.#append(line)
    } catch (cause) {
      if (cause instanceof StorageError) throw cause
      throw new StorageError('file-unwritable', `"${this.#path}" cannot be written`, { cause })
    }
  }

  async #append(line: Uint8Array): Promise<void> {
    const file = await openToAppend(this.#path)
    try {
      const { size } = await file.stat()
      const last = Buffer.alloc(1)
      if (size > 0) await file.read(last, 0, 1, size - 1)
      // What a crash has cut short must not swallow the next line.
      const bytes = size > 0 && last[0] !== 0x0a ? Buffer.concat([Buffer.from('\n'), line]) : line
      await file.write(bytes, 0, bytes.length, size)
      await file.datasync()
    } finally {
      await file.close()
    }
  }

  async #thin(segments: readonly number[]): Promise<void> {
    const all = await this.all()
    const newest = all.slice(-this.#keptMax)
    const old = all.slice(0, -this.#keptMax)
    const lastOfSegment = new Map(
      old.map((checkpoint) => [segments.findLast((first) => first < checkpoint.size), checkpoint]),
    )
    const kept = [...lastOfSegment.values(), ...newest].map(({ note }) => checkpointLine(note))
    let room = THINNED_TIMES * this.#bytesMax
    const first = kept.findLastIndex((line) => (room -= line.length) < 0) + 1
    const bytes = Buffer.concat(kept.slice(first))
    await writePrivateFile({ path: this.#path, bytes, replace: true })
  }
}

async function openToAppend(path: string): Promise<Awaited<ReturnType<typeof open>>> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW
  try {
    return await open(path, flags, FILE_MODE)
  } catch (cause) {
    if (errnoOf(cause) === 'ELOOP') {
      throw new StorageError('file-symlink', `"${path}" is a symbolic link`, { cause })
    }
    throw cause
  }
}
