import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { errnoOf } from '../errno.ts'
import { StorageError } from '../storage-error.ts'

/**
 * Opens a file of the log to read it: a real file, and never through a symbolic link.
 *
 * @throws StorageError `file-missing`, `file-unreadable`
 */
export async function openForReading(path: string): Promise<FileHandle> {
  let file: FileHandle | undefined
  try {
    // O_NONBLOCK: a named pipe in the file's place must not make the open wait for a writer.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    if ((await file.stat()).isFile()) return file
  } catch (cause) {
    await file?.close()
    if (errnoOf(cause) === 'ENOENT') {
      throw new StorageError('file-missing', `there is no file "${path}"`, { cause })
    }
    throw new StorageError('file-unreadable', `"${path}" cannot be read`, { cause })
  }
  await file.close()
  throw new StorageError('file-unreadable', `"${path}" is not a file`)
}
