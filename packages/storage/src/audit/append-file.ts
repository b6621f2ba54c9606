import { constants, type Stats } from 'node:fs'
import { AppendFailure, appendFailure } from './append-failure.ts'
import { type FileAccess, type OpenFile, systemFiles } from './file-access.ts'

const FILE_MODE = 0o600
/** So much is filled with zeros ahead: a write into room that is there needs no new length, and is flushed in a tenth of the time. */
const ALLOCATE_BYTES = 4 * 1_048_576
/** So much of that room is kept for what must be written on a full disk: a batch that is under way, and the alarm. */
const RESERVE_BYTES = 2 * 1_048_576

/** How much room is made ahead. */
export interface AppendRoom {
  /** What is made at once, where less than the reserve is left. */
  readonly allocateBytes?: number
  readonly reserveBytes?: number
}

export interface AppendFileInit extends AppendRoom {
  readonly path: string
  /** The bytes that are there and good; 0 for a file that is to be made. */
  readonly length: number
  readonly files?: FileAccess
}

export interface Appended {
  /** Why no more room could be made: these bytes are on the disk, those after them may not find a place. */
  readonly low?: AppendFailure
}

/**
 * A file that only grows: bytes in, and a promise that is kept when they are on the disk.
 *
 * Behind the good bytes lies a stretch of zeros, which the end of the file cuts off. One `append` at a time. A failed one
 * leaves the good length as it was; the same bytes may then be tried again after `reopen`, and they go to the same place.
 */
export class AppendFile {
  readonly path: string
  readonly #files: FileAccess
  readonly #allocateBytes: number
  readonly #reserveBytes: number
  #file: OpenFile
  #identity: Stats
  #length: number
  #allocated: number
  #failed = false

  private constructor(init: AppendFileInit, file: OpenFile, identity: Stats) {
    this.path = init.path
    this.#files = init.files ?? systemFiles
    this.#allocateBytes = init.allocateBytes ?? ALLOCATE_BYTES
    this.#reserveBytes = init.reserveBytes ?? RESERVE_BYTES
    this.#file = file
    this.#identity = identity
    this.#length = init.length
    this.#allocated = init.length
  }

  /**
   * Makes the file, or opens one that is there and cuts off what lies behind its good bytes; never through a symbolic link.
   *
   * @throws AppendFailure
   */
  static async open(init: AppendFileInit): Promise<AppendFile> {
    const files = init.files ?? systemFiles
    const making = init.length === 0 ? constants.O_CREAT : 0
    const flags = constants.O_RDWR | constants.O_NOFOLLOW | making
    const file = await files.open(init.path, flags, FILE_MODE).catch((error: unknown) => {
      throw appendFailure(error)
    })
    try {
      const identity = await file.stat()
      if (!identity.isFile() || identity.size < init.length) throw new AppendFailure('file-changed')
      if (identity.size > init.length) {
        await file.truncate(init.length)
        await file.datasync()
      }
      return new AppendFile(init, file, identity)
    } catch (error) {
      await file.close()
      throw appendFailure(error)
    }
  }

  /** The bytes that are on the disk and acknowledged. */
  get length(): number {
    return this.#length
  }

  /**
   * Writes behind the good bytes and flushes; resolves when all of it lies on the disk, under the file's name.
   *
   * @throws AppendFailure
   */
  async append(bytes: Uint8Array): Promise<Appended> {
    try {
      const low = await this.#makeRoom(bytes.length)
      await this.#writeAll(bytes, this.#length)
      const end = this.#length + bytes.length
      this.#allocated = Math.max(this.#allocated, end)
      await Promise.all([this.#file.datasync(), this.#checkPlace()])
      this.#length = end
      this.#failed = false
      return low === undefined ? {} : { low }
    } catch (error) {
      this.#failed = true
      throw appendFailure(error)
    }
  }

  /**
   * Tries to make room up to the reserve again.
   *
   * @throws AppendFailure
   */
  async refill(): Promise<void> {
    const low = await this.#makeRoom(0)
    if (low !== undefined) throw low
  }

  /**
   * Opens the file anew after a failure. Says whether it is another file than before, or a shorter one: then only the
   * reading of it all can tell whether it is this log.
   *
   * @throws AppendFailure
   */
  async reopen(): Promise<{ readonly changed: boolean }> {
    await this.#file.close().catch(() => {
      // The descriptor is gone either way; what could not be flushed is written again.
    })
    try {
      this.#file = await this.#files.open(
        this.path,
        constants.O_RDWR | constants.O_NOFOLLOW,
        FILE_MODE,
      )
      const stats = await this.#file.stat()
      if (!stats.isFile() || stats.size < this.#length) throw new AppendFailure('file-changed')
      const changed = !isSame(stats, this.#identity)
      this.#identity = stats
      this.#allocated = stats.size
      return { changed }
    } catch (error) {
      throw appendFailure(error)
    }
  }

  /** Cuts off the room behind the good bytes and closes. What a failed write may have left stays for the next opening to judge. */
  async close(): Promise<void> {
    try {
      if (!this.#failed && this.#allocated > this.#length) {
        await this.#file.truncate(this.#length)
        await this.#file.datasync()
      }
    } catch {
      // The zeros stay; the next opening cuts them off.
    } finally {
      await this.#file.close()
    }
  }

  /** Why there is no room beyond these bytes, where they themselves have some; undefined where all is well. */
  async #makeRoom(bytes: number): Promise<AppendFailure | undefined> {
    const needed = this.#length + bytes
    if (this.#allocated >= needed + this.#reserveBytes) return undefined
    try {
      const zeros = new Uint8Array(
        needed + this.#reserveBytes + this.#allocateBytes - this.#allocated,
      )
      await this.#writeAll(zeros, this.#allocated)
      await this.#file.datasync()
      return undefined
    } catch (error) {
      const failure = appendFailure(error)
      if (failure.reason === 'disk-full' && this.#allocated >= needed) return failure
      throw failure
    }
  }

  /** A system may write less than it was given; what it took counts, and the rest is given again. */
  async #writeAll(bytes: Uint8Array, position: number): Promise<void> {
    let done = 0
    while (done < bytes.length) {
      const at = position + done
      const rest = { offset: done, length: bytes.length - done, position: at }
      const { bytesWritten } = await this.#file.write(bytes, rest)
      if (bytesWritten === 0) throw new AppendFailure('io-error')
      done += bytesWritten
      this.#allocated = Math.max(this.#allocated, at + bytesWritten)
    }
  }

  /** Bytes in a file that has lost its name, or that somebody has cut, are not on the disk for whoever looks for them. */
  async #checkPlace(): Promise<void> {
    const stats = await this.#files.lstat(this.path)
    if (!isSame(stats, this.#identity) || stats.size !== this.#allocated) {
      throw new AppendFailure('file-changed')
    }
  }
}

function isSame(one: Stats, other: Stats): boolean {
  return one.isFile() && one.ino === other.ino && one.dev === other.dev
}
