import { checkpointLine } from '@warren/audit'
import { constants } from 'node:fs'
import { lstat, open } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from '../errno.ts'
import { writePrivateFile } from '../private-file.ts'
import { StorageError } from '../storage-error.ts'
import { unwritableFile } from '../unwritable-file.ts'
import { type CheckpointLine, parseCheckpointLine } from './checkpoint-line.ts'
import { type FileAccess, type OpenFile, systemFiles } from './file-access.ts'
import { linesIfThere } from './read-lines.ts'

const FILE_MODE = 0o600
const FILE_BYTES_MAX = 16 * 1_048_576
const NEWEST_KEPT = 128
/** One checkpoint of each segment may be more than the file is thinned out at; so many times as much stays, and is read. */
const THINNED_TIMES = 2
const READ_TIMES = 4
const NEWLINE = 0x0a

export interface CosignedFileInit {
  /** How long the file becomes before old checkpoints go. */
  readonly bytesMax?: number
  /** How many of the newest stay then. */
  readonly keptMax?: number
  readonly files?: FileAccess
}

/**
 * The checkpoints that others have cosigned, which is what a log cannot take back.
 *
 * Of old ones, the largest tree of each segment is kept, so that the file stays small and every segment has its witness;
 * the oldest go where even that is too much.
 */
export class CosignedFile {
  readonly #path: string
  readonly #bytesMax: number
  readonly #keptMax: number
  readonly #files: FileAccess
  /** One write after the other. */
  #turn: Promise<void> = Promise.resolve()

  constructor(directory: string, init: CosignedFileInit = {}) {
    this.#path = join(directory, 'cosigned.log')
    this.#bytesMax = init.bytesMax ?? FILE_BYTES_MAX
    this.#keptMax = init.keptMax ?? NEWEST_KEPT
    this.#files = init.files ?? systemFiles
  }

  /**
   * All that are kept, the smallest tree first, each once: what others have signed late stands behind larger ones in the
   * file. A line that a crash has cut short counts for nothing.
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
    return [...checkpoints.values()].toSorted((one, other) => one.size - other.size)
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
      throw unwritableFile(this.#path, cause)
    }
  }

  async #append(line: Uint8Array): Promise<void> {
    const file = await this.#openToAppend()
    try {
      const { size } = await file.stat()
      // What a crash has cut short must not swallow the next line.
      const isTorn = size > 0 && (await lastByte(this.#path, size)) !== NEWLINE
      const bytes = isTorn ? Buffer.concat([Buffer.of(NEWLINE), line]) : line
      await writeAll(file, bytes, size)
      await file.datasync()
    } finally {
      await file.close()
    }
  }

  async #openToAppend(): Promise<OpenFile> {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW
    try {
      return await this.#files.open(this.#path, flags, FILE_MODE)
    } catch (cause) {
      if (errnoOf(cause) === 'ELOOP') {
        throw new StorageError('file-symlink', `"${this.#path}" is a symbolic link`, { cause })
      }
      throw cause
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

async function lastByte(path: string, size: number): Promise<number | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const last = Buffer.alloc(1)
    await file.read(last, 0, 1, size - 1)
    return last[0]
  } finally {
    await file.close()
  }
}

/** A disk that is almost full takes a part of what it is given, and says so by nothing but a number. */
async function writeAll(file: OpenFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const rest = { offset: done, length: bytes.length - done, position: position + done }
    const { bytesWritten } = await file.write(bytes, rest)
    if (bytesWritten === 0) throw new Error('a write took no byte')
    done += bytesWritten
  }
}
