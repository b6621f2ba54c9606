import { constants, type Stats } from 'node:fs'
import { type FileHandle, link, lstat, mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errnoOf } from './errno.ts'
import { flushDirectory, writeFlushed } from './flushed-file.ts'
import { StorageError } from './storage-error.ts'
import { unwritableFile } from './unwritable-file.ts'

const FILE_MODE = 0o600
const DIRECTORY_MODE = 0o700
/** Any right of the group or of others. */
const FOREIGN_RIGHTS = 0o077

export interface PrivateFileToWrite {
  readonly path: string
  readonly bytes: Uint8Array
  /** Whether a file that is already there may be replaced. */
  readonly replace: boolean
}

/**
 * Reads a file that only its owner may see, at most that many bytes.
 *
 * Symbolic links, files that are not regular, that belong to somebody else, or on which the group
 * or others have any right are refused: whoever could read or swap the file, may have done so.
 *
 * @throws StorageError `file-missing`, `file-symlink`, `file-not-regular`, `file-foreign`,
 * `file-open`, `file-too-large`, `file-unreadable`
 */
export async function readPrivateFile(path: string, bytesMax: number): Promise<Uint8Array> {
  const file = await openForReading(path)
  try {
    checkPrivate(path, await file.stat())
    return await readAtMost({ path, file, bytesMax })
  } finally {
    await file.close()
  }
}

/**
 * Writes a file that only its owner may see, all of it or nothing, and makes it last.
 *
 * The bytes go to a temporary file beside the target, are flushed, take the target's name in one
 * step, and the directory is flushed. A missing directory is made with mode 0700; one on which
 * others have rights is refused.
 *
 * @throws StorageError `directory-open`, `file-exists`, `file-symlink`, `file-unwritable`
 */
export async function writePrivateFile(input: PrivateFileToWrite): Promise<void> {
  const { path, bytes, replace } = input
  const directory = dirname(path)
  await ensurePrivateDirectory(directory)
  await refuseOccupied(path, replace)
  const temporary = join(directory, `.${basename(path)}.${crypto.randomUUID()}.tmp`)
  try {
    await writeFlushed(temporary, bytes, FILE_MODE)
    if (replace) await rename(temporary, path)
    // A hard link, unlike a rename, fails when the name was taken in the meantime.
    else await link(temporary, path)
    await flushDirectory(directory)
  } catch (error) {
    throw writeError(path, error)
  } finally {
    await rm(temporary, { force: true })
  }
}

/**
 * Makes a directory that only its owner may enter, or checks that an existing one is such.
 *
 * @throws StorageError `directory-open`, `file-not-regular`, `file-unwritable`
 */
export async function ensurePrivateDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: DIRECTORY_MODE })
    const stats = await lstat(path)
    if (!stats.isDirectory()) {
      throw new StorageError('file-not-regular', `"${path}" is not a directory`)
    }
    if ((stats.mode & FOREIGN_RIGHTS) !== 0) {
      throw new StorageError(
        'directory-open',
        `the directory "${path}" is open to others: name one of your own (mkdir -m 700), or close this one (chmod 700)`,
      )
    }
  } catch (error) {
    throw writeError(path, error)
  }
}

async function openForReading(path: string): Promise<FileHandle> {
  try {
    // O_NONBLOCK: a named pipe in the file's place must not make the open wait for a writer.
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT') {
      throw new StorageError('file-missing', `there is no file "${path}"`, { cause: error })
    }
    if (errno === 'ELOOP') {
      throw new StorageError('file-symlink', `"${path}" is a symbolic link`, { cause: error })
    }
    throw new StorageError('file-unreadable', `"${path}" cannot be read`, { cause: error })
  }
}

function checkPrivate(path: string, stats: Stats): void {
  if (!stats.isFile()) {
    throw new StorageError('file-not-regular', `"${path}" is not a regular file`)
  }
  const owner = process.geteuid?.()
  if (owner !== undefined && stats.uid !== owner) {
    throw new StorageError('file-foreign', `"${path}" belongs to another user`)
  }
  if ((stats.mode & FOREIGN_RIGHTS) !== 0) {
    throw new StorageError('file-open', `"${path}" is open to others (chmod 600)`)
  }
}

export interface BoundedRead {
  readonly path: string
  readonly file: FileHandle
  readonly bytesMax: number
}

/**
 * Reads an open file from where it stands, at most that many bytes.
 *
 * @throws StorageError `file-too-large`
 */
export async function readAtMost({ path, file, bytesMax }: BoundedRead): Promise<Uint8Array> {
  // One byte more than allowed tells an oversized file from one at the limit, whatever stat said.
  const buffer = new Uint8Array(bytesMax + 1)
  let length = 0
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  if (length > bytesMax) {
    buffer.fill(0)
    throw new StorageError('file-too-large', `"${path}" has more than ${bytesMax} bytes`)
  }
  const bytes = buffer.slice(0, length)
  buffer.fill(0)
  return bytes
}

async function refuseOccupied(path: string, replace: boolean): Promise<void> {
  const stats = await lstat(path).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw writeError(path, error)
  })
  if (stats === undefined) return
  if (stats.isSymbolicLink()) {
    throw new StorageError('file-symlink', `"${path}" is a symbolic link`)
  }
  if (!replace) throw new StorageError('file-exists', `"${path}" exists already`)
}

function writeError(path: string, error: unknown): StorageError {
  if (error instanceof StorageError) return error
  if (errnoOf(error) === 'EEXIST') {
    return new StorageError('file-exists', `"${path}" exists already`, { cause: error })
  }
  return unwritableFile(path, error)
}
