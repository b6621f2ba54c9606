import { dirname } from 'node:path'
import { errnoOf } from './errno.ts'
import { StorageError } from './storage-error.ts'

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota of this user is used up',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a directory',
  EFBIG: 'it would be larger than a file may be',
}

/** The error about a file that could not be written, with the reason that the system gives: `file-unwritable`. */
export function unwritableFile(path: string, cause: unknown): StorageError {
  const reason = reasonOf(path, errnoOf(cause))
  const why = reason === undefined ? '' : `: ${reason}`
  return new StorageError('file-unwritable', `"${path}" cannot be written${why}`, { cause })
}

function reasonOf(path: string, errno: string | undefined): string | undefined {
  if (errno === 'ENOENT') return `there is no directory "${dirname(path)}"`
  if (errno === 'ENOTDIR') return `"${dirname(path)}" is no directory`
  return errno === undefined ? undefined : REASONS[errno]
}
