import { type FileHandle, open, rm } from 'node:fs/promises'
import { unwritableFile } from '@warren/node/client'
import { CommandError } from './command-error.ts'

/** Who may read a file that a command makes, as everywhere: whoever the umask lets. */
const SHARED_MODE = 0o666

/**
 * Writes a file that must not be there yet, never through a symbolic link; nothing of it stays when that fails.
 *
 * @throws CommandError `file-exists`, StorageError `file-unwritable`
 */
export async function writeNew(
  path: string,
  content: string,
  mode: number = SHARED_MODE,
): Promise<void> {
  await fillNew(path, mode, (file) => file.writeFile(content))
}

/**
 * Takes a name for a file that must not be there yet, and fills it; nothing of it stays when that fails.
 *
 * @throws CommandError `file-exists`, StorageError `file-unwritable`, and what `fill` throws
 */
export async function fillNew<Filled>(
  path: string,
  mode: number,
  fill: (file: FileHandle) => Promise<Filled>,
): Promise<Filled> {
  const file = await openNew(path, mode)
  try {
    return await fill(file)
  } catch (error) {
    await rm(path, { force: true })
    throw isOfWriting(error) ? unwritableFile(path, error) : error
  } finally {
    await file.close()
  }
}

async function openNew(path: string, mode: number): Promise<FileHandle> {
  try {
    return await open(path, 'wx', mode)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') {
      throw new CommandError('file-exists', `"${path}" is there already; name another file`, {
        cause,
      })
    }
    throw unwritableFile(path, cause)
  }
}

function isOfWriting(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'write'
}
