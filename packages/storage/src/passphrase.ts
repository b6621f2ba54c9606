import { read } from 'node:fs'
import { readPrivateFile } from './private-file.ts'
import { StorageError } from './storage-error.ts'

const PASSPHRASE_BYTES_MAX = 1_024
/** A passphrase and the newline that an editor puts after it. */
const SOURCE_BYTES_MAX = PASSPHRASE_BYTES_MAX + 2
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/**
 * Where a passphrase comes from: a file that only its owner may read, or an open descriptor.
 *
 * Never an argument or an environment variable: every process of the machine could see those.
 */
export type PassphraseSource = { readonly file: string } | { readonly fd: number }

/**
 * Reads a passphrase and cuts one newline at its end. The caller owns the bytes and wipes them.
 *
 * A descriptor is read to its end and left open.
 *
 * @throws StorageError `passphrase-empty`, `passphrase-too-long`, `passphrase-unreadable`, and
 * those of `readPrivateFile`
 */
export async function readPassphrase(
  source: PassphraseSource,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  signal?.throwIfAborted()
  const bytes =
    'file' in source ? await readFromFile(source.file) : await readFromFd(source.fd, signal)
  const passphrase = bytes.slice(0, bytes.length - newlineLength(bytes))
  bytes.fill(0)
  checkPassphrase(passphrase)
  return passphrase
}

/**
 * Refuses a passphrase that protects nothing or that is no passphrase.
 *
 * @throws StorageError `passphrase-empty`, `passphrase-too-long`
 */
export function checkPassphrase(passphrase: Uint8Array): void {
  if (passphrase.length === 0) throw new StorageError('passphrase-empty', 'the passphrase is empty')
  if (passphrase.length > PASSPHRASE_BYTES_MAX) throw tooLong()
}

async function readFromFile(path: string): Promise<Uint8Array> {
  try {
    return await readPrivateFile(path, SOURCE_BYTES_MAX)
  } catch (error) {
    if (error instanceof StorageError && error.code === 'file-too-large') throw tooLong()
    throw error
  }
}

async function readFromFd(fd: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const buffer = new Uint8Array(SOURCE_BYTES_MAX + 1)
  let length = 0
  try {
    while (length < buffer.length) {
      const bytesRead = await readChunk(fd, buffer.subarray(length), signal)
      if (bytesRead === 0) return buffer.slice(0, length)
      length += bytesRead
    }
  } finally {
    buffer.fill(0)
  }
  throw tooLong()
}

/** One read. The system's read cannot be called back: an abort stops the waiting, not the read. */
function readChunk(fd: number, into: Uint8Array, signal?: AbortSignal): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const onAbort = (): void => reject(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  read(fd, into, 0, into.length, null, (error, bytesRead) => {
    signal?.removeEventListener('abort', onAbort)
    if (error === null) resolve(bytesRead)
    else reject(unreadable(error))
  })
  return promise
}

function unreadable(cause: Error): StorageError {
  return new StorageError('passphrase-unreadable', 'the passphrase cannot be read', { cause })
}

function newlineLength(bytes: Uint8Array): number {
  if (bytes.at(-1) !== LINE_FEED) return 0
  return bytes.at(-2) === CARRIAGE_RETURN ? 2 : 1
}

function tooLong(): StorageError {
  return new StorageError(
    'passphrase-too-long',
    `a passphrase has at most ${PASSPHRASE_BYTES_MAX} bytes`,
  )
}
