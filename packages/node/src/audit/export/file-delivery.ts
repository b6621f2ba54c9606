import { CodedError } from '@warren/core'
import { flushDirectory } from '@warren/storage'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Delivery, DeliverySession, Messages } from './delivery.ts'
import { ExportError } from './export-error.ts'

const MODE = 0o600
const NEWLINE = 0x0a
const BUFFER_BYTES = 65_536
const FLAGS =
  constants.O_RDWR |
  constants.O_APPEND |
  constants.O_CREAT |
  constants.O_NOFOLLOW |
  // A pipe in its place must not make the open wait for a reader.
  constants.O_NONBLOCK

/** Appends lines to a file that another program reads, and flushes them. Opened anew each time, so that it may be rotated. */
export class FileDelivery implements Delivery {
  readonly isDurable = true
  readonly #path: string
  readonly #flushDirectory: (path: string) => Promise<void>

  /** What makes the names in a directory last is a port, because no test can see what a disk has been told. */
  constructor(path: string, flush: (path: string) => Promise<void> = flushDirectory) {
    this.#path = path
    this.#flushDirectory = flush
  }

  async open(): Promise<DeliverySession> {
    const file = await this.#attempt(async () => this.#openFile())
    return {
      failure: undefined,
      deliver: async (messages, signal) =>
        this.#attempt(async () => {
          try {
            await append(file, messages, signal)
          } finally {
            await file.close()
          }
        }),
      close: () => void file.close(),
    }
  }

  async #openFile(): Promise<FileHandle> {
    const file = await open(this.#path, FLAGS, MODE)
    try {
      const stats = await file.stat()
      if (!stats.isFile()) throw new ExportError('file-unwritable', 'it is not a regular file')
      // Whoever made it, its name may not last yet: a crash can have come between that and this.
      if (stats.size === 0) await this.#flushDirectory(dirname(this.#path))
      return file
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async #attempt<Value>(step: () => Promise<Value>): Promise<Value> {
    try {
      return await step()
    } catch (cause) {
      if (cause instanceof CodedError) throw cause
      throw new ExportError('file-unwritable', `"${this.#path}" cannot be written`, { cause })
    }
  }
}

async function append(file: FileHandle, messages: Messages, signal: AbortSignal): Promise<void> {
  await endTornLine(file)
  let waiting: Uint8Array[] = []
  let length = 0
  for (const message of messages) {
    waiting.push(message)
    length += message.length
    if (length < BUFFER_BYTES) continue
    signal.throwIfAborted()
    await file.appendFile(Buffer.concat(waiting))
    waiting = []
    length = 0
  }
  await file.appendFile(Buffer.concat(waiting))
  await file.datasync()
}

/** What a crash left of a line is ended, so that it does not swallow the next; its entry comes again, marked. */
async function endTornLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat()
  if (size === 0) return
  const last = Buffer.alloc(1)
  await file.read(last, 0, 1, size - 1)
  if (last[0] !== NEWLINE) await file.appendFile('\n')
}
