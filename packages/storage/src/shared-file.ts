import { constants } from 'node:fs'
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errnoOf } from './errno.ts'
import { flushDirectory, writeFlushed } from './flushed-file.ts'
import { StorageError } from './storage-error.ts'
import { unwritableFile } from './unwritable-file.ts'

const FILE_MODE = 0o644

export interface SharedFileToWrite {
  readonly path: string
  readonly text: string
  /** Whether a file that is already there may be replaced. */
  readonly replace: boolean
}

/**
 * Reads a text file that holds no secret, at most that many bytes, and cuts one newline at its end.
 *
 * @throws StorageError `file-missing`, `file-unreadable`, `file-not-regular`, `file-too-large`
 */
export async function readSharedFile(path: string, bytesMax: number): Promise<string> {
  const file = await openForReading(path)
  try {
    const stats = await file.stat()
    if (!stats.isFile()) {
      throw new StorageError('file-not-regular', `"${path}" is not a regular file`)
    }
    if (stats.size > bytesMax) {
      throw new StorageError('file-too-large', `"${path}" has more than ${bytesMax} bytes`)
    }
    const bytes = Buffer.alloc(bytesMax + 1)
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
    return sharedText(bytes.subarray(0, bytesRead))
  } catch (cause) {
    if (cause instanceof StorageError) throw cause
    throw new StorageError('file-unreadable', `"${path}" is not a text in UTF-8`, { cause })
  } finally {
    await file.close()
  }
}

/** The text of some bytes, without one newline at its end; throws a TypeError where they are no UTF-8. */
export function sharedText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '')
}

/**
 * Writes a text file that holds no secret, with a newline at its end: all of it or nothing, and it lasts.
 *
 * A new name is taken first, empty, and then replaced in one step: that works on a medium without
 * hard links too, and whoever finds the name taken has overwritten nothing.
 *
 * @throws StorageError `file-exists`, `file-unwritable`
 */
export async function writeSharedFile({ path, text, replace }: SharedFileToWrite): Promise<void> {
  if (!replace) await takeName(path)
  const directory = dirname(path)
  const temporary = join(directory, `.${basename(path)}.${crypto.randomUUID()}.tmp`)
  try {
    await writeFlushed(temporary, `${text}\n`, FILE_MODE)
    await rename(temporary, path)
    await flushDirectory(directory)
  } catch (cause) {
    await rm(temporary, { force: true })
    // The name that was taken, unless somebody has put something there in the meantime.
    if (!replace && (await isEmpty(path))) await rm(path, { force: true })
    throw unwritableFile(path, cause)
  }
}

async function takeName(path: string): Promise<void> {
  try {
    await (await open(path, 'wx', FILE_MODE)).close()
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') {
      throw new StorageError('file-exists', `"${path}" exists already`, { cause })
    }
    throw unwritableFile(path, cause)
  }
}

async function isEmpty(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined)
  return stats?.size === 0
}

/**
 * Opens a file, a directory or a pipe, and waits for nobody.
 *
 * @throws StorageError `file-missing`, `file-unreadable`
 */
export async function openForReading(path: string): Promise<FileHandle> {
  try {
    // O_NONBLOCK: a named pipe in the file's place must not make the open wait for a writer.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') {
      throw new StorageError('file-missing', `there is no file "${path}"`, { cause })
    }
    throw new StorageError('file-unreadable', `"${path}" cannot be read`, { cause })
  }
}
