import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** Writes a file that must not be there yet, never through a symbolic link; what it holds is on the disk when this resolves. */
export async function writeFlushed(
  path: string,
  content: Uint8Array | string,
  mode: number,
): Promise<void> {
  const file = await open(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    mode,
  )
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes the names in a directory last, those that were just given too. */
export async function flushDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
