import { CodedError } from '@warren/core'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
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

  constructor(path: string) {
    this.#path = path
  }

  async open(): Promise<DeliverySession> {
    const file = await this.#attempt(async () => openFile(this.#path))
    return {
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

  async #attempt<Value>(step: () => Promise<Value>): Promise<Value> {
    try {
      return await step()
    } catch (cause) {
      if (cause instanceof CodedError) throw cause
      throw new ExportError('file-unwritable', `"${this.#path}" cannot be written`, { cause })
    }
  }
}

async function openFile(path: string): Promise<FileHandle> {
  const file = await open(path, FLAGS, MODE)
  const stats = await file.stat()
  if (stats.isFile()) return file
  await file.close()
  throw new ExportError('file-unwritable', 'it is not a regular file')
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
