import { type FileHandle, stat } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { errnoOf } from './errno.ts'
import { openForReading, readSharedFile, sharedText } from './shared-file.ts'
import { StorageError } from './storage-error.ts'

/** How long a pipe is left alone in which nothing is yet. */
const PAUSE_MS = 20

/** What is read, how much of it at most, and for how long. */
export interface SharedPipe {
  readonly path: string
  readonly bytesMax: number
  readonly signal: AbortSignal
}

/**
 * Reads a text as `readSharedFile` does, also from a pipe (`<(command)`, `/dev/stdin`): that to its end.
 *
 * @throws StorageError `file-missing`, `file-unreadable`, `file-not-regular`, `file-too-large`
 */
export async function readSharedFileOrPipe(pipe: SharedPipe): Promise<string> {
  // What cannot be looked at is refused where it is opened.
  const stats = await stat(pipe.path).catch(() => undefined)
  return stats?.isFIFO() === true ? readPipe(pipe) : readSharedFile(pipe.path, pipe.bytesMax)
}

async function readPipe({ path, bytesMax, signal }: SharedPipe): Promise<string> {
  const file = await openForReading(path)
  try {
    const bytes = Buffer.alloc(bytesMax + 1)
    let length = 0
    while (length <= bytesMax) {
      signal.throwIfAborted()
      const count = await readAvailable(file, bytes.subarray(length))
      if (count === 0) return sharedText(bytes.subarray(0, length))
      if (count === undefined) await pause(PAUSE_MS, undefined, { signal })
      length += count ?? 0
    }
    throw new StorageError('file-too-large', `"${path}" gives more than ${bytesMax} bytes`)
  } catch (cause) {
    if (cause instanceof StorageError) throw cause
    const why = signal.aborted ? 'did not come to its end in time' : 'gives no text in UTF-8'
    throw new StorageError('file-unreadable', `the pipe "${path}" ${why}`, { cause })
  } finally {
    await file.close()
  }
}

/** How many bytes came: none at the end, undefined while the writer has written nothing yet. */
async function readAvailable(file: FileHandle, into: Uint8Array): Promise<number | undefined> {
  try {
    const { bytesRead } = await file.read(into, 0, into.length, null)
    return bytesRead
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN') return undefined
    throw error
  }
}
