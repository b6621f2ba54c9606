import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { concat } from 'uint8arrays/concat'
import { GrowingBytes } from './growing-bytes.ts'
import { NetworkError } from './network-error.ts'

const READ_AHEAD_BYTES = 262_144
/** Chunks below this are gathered while nobody reads them, into buffers of so much. */
const SMALL_BYTES = 512
const GATHERED_BYTES = 16_384

/**
 * The one reader of a stream: pulls chunks, and holds the sender back while nobody pulls.
 *
 * Iterating the stream itself is no help: that fills an unbounded queue (@libp2p/utils 7.4).
 * What is read ahead is bounded by `readAheadBytes` and the stream's window.
 */
export class StreamReader {
  readonly #stream: Stream
  readonly #readAheadBytes: number
  readonly #queue: Uint8Array[] = []
  #queuedBytes = 0
  #small: { readonly gathered: GrowingBytes; queued: Uint8Array } | undefined
  #failure: Error | undefined
  #wake: (() => void) | undefined

  constructor(stream: Stream, readAheadBytes: number = READ_AHEAD_BYTES) {
    this.#stream = stream
    this.#readAheadBytes = readAheadBytes
    stream.addEventListener('message', this.#onMessage)
    stream.addEventListener('remoteCloseWrite', this.#notify)
    stream.addEventListener('close', this.#onClose)
  }

  /**
   * The next chunk, or nothing when the peer has ended its side. A connection that was closed in
   * the middle looks like an end too, so what is read must carry an end of its own.
   *
   * @throws NetworkError `stream-reset`; the reason of the signal
   */
  async next(signal?: AbortSignal): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.take()
      if (chunk !== undefined) return chunk
      if (this.hasEnded()) return undefined
      signal?.throwIfAborted()
      await this.news(signal)
      signal?.throwIfAborted()
    }
  }

  /** Whether nothing has arrived that was not taken. */
  get isEmpty(): boolean {
    return this.#queue.length === 0
  }

  /** A chunk that has arrived already. */
  take(): Uint8Array | undefined {
    const chunk = this.#queue.shift()
    if (chunk === undefined) return undefined
    this.#queuedBytes -= chunk.byteLength
    if (this.#queuedBytes <= this.#readAheadBytes / 2) this.#release()
    return chunk
  }

  /**
   * Whether the peer has ended its side and everything was taken; throws when the stream was reset.
   *
   * Judged by the stream's state, because its events are not repeated for who comes late.
   */
  hasEnded(): boolean {
    if (this.#queue.length > 0) return false
    if (this.#failure !== undefined) throw this.#failure
    const { remoteWriteStatus, readBufferLength, status } = this.#stream
    if (status === 'reset' || status === 'aborted') {
      throw new NetworkError('stream-reset', `the stream was ${status}`)
    }
    return remoteWriteStatus === 'closed' && readBufferLength === 0
  }

  /** Resolves when anything has happened: a chunk, an end, a reset, the signal. */
  async news(signal?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => resolve()
    this.#wake = wake
    signal?.addEventListener('abort', wake)
    try {
      await promise
    } finally {
      signal?.removeEventListener('abort', wake)
    }
  }

  /**
   * Exactly that many bytes; what came beyond them stays unread.
   *
   * @throws NetworkError `stream-truncated`, `stream-reset`; the reason of the signal
   */
  async exactly(length: number, signal?: AbortSignal): Promise<Uint8Array> {
    const first = await this.#piece(length, signal)
    if (first.byteLength === length) return first
    const whole = new GrowingBytes(length, 2 * first.byteLength)
    whole.append(first)
    while (whole.room > 0) whole.append(await this.#piece(whole.room, signal))
    return whole.bytes()
  }

  /** The next chunk, and not more of it than so much. */
  async #piece(lengthMax: number, signal?: AbortSignal): Promise<Uint8Array> {
    if (lengthMax === 0) return new Uint8Array()
    const chunk = await this.next(signal)
    if (chunk === undefined) throw truncated()
    this.unread(chunk.subarray(lengthMax))
    return chunk.subarray(0, lengthMax)
  }

  /** Puts bytes back, to be read first. */
  unread(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return
    this.#queue.unshift(bytes)
    this.#queuedBytes += bytes.byteLength
  }

  /** Everything that has arrived and was not read. For a stream that is over. */
  rest(): readonly Uint8Array[] {
    this.#release()
    this.#queuedBytes = 0
    return this.#queue.splice(0)
  }

  /** Lets go of the stream and gives it back what was not read. */
  detach(): void {
    this.#stream.removeEventListener('message', this.#onMessage)
    this.#stream.removeEventListener('remoteCloseWrite', this.#notify)
    this.#stream.removeEventListener('close', this.#onClose)
    const unread = concat(this.#queue.splice(0), this.#queuedBytes)
    this.#queuedBytes = 0
    const { readStatus } = this.#stream
    if (readStatus === 'closed' || readStatus === 'closing') return
    this.#stream.unshift(unread)
    this.#release()
  }

  readonly #onMessage = (event: StreamMessageEvent): void => {
    const chunk = event.data.subarray()
    this.#enqueue(chunk)
    this.#queuedBytes += chunk.byteLength
    // Never pause inside the listener: resume() dispatches first and would undo it.
    if (this.#queuedBytes > this.#readAheadBytes) queueMicrotask(this.#brake)
    this.#notify()
  }

  /** Small chunks share a buffer while they wait: each alone would cost many times what it holds. */
  #enqueue(chunk: Uint8Array): void {
    if (chunk.byteLength >= SMALL_BYTES) {
      this.#small = undefined
      this.#queue.push(chunk)
      return
    }
    const before = this.#small
    const isLast = before !== undefined && this.#queue.at(-1) === before.queued
    if (isLast && before.gathered.room >= chunk.byteLength) {
      before.gathered.append(chunk)
      before.queued = before.gathered.bytes()
      this.#queue.splice(-1, 1, before.queued)
      return
    }
    const gathered = new GrowingBytes(GATHERED_BYTES, 2 * chunk.byteLength)
    gathered.append(chunk)
    this.#small = { gathered, queued: gathered.bytes() }
    this.#queue.push(this.#small.queued)
  }

  readonly #onClose = ({ error }: StreamCloseEvent): void => {
    if (error !== undefined) {
      this.#failure = new NetworkError('stream-reset', 'the stream was reset', { cause: error })
    }
    this.#notify()
  }

  readonly #notify = (): void => {
    this.#wake?.()
  }

  readonly #brake = (): void => {
    if (this.#queuedBytes <= this.#readAheadBytes) return
    if (this.#stream.readStatus === 'readable') this.#stream.pause()
  }

  #release(): void {
    if (this.#stream.readStatus !== 'paused') return
    try {
      this.#stream.resume()
    } catch {
      // The connection is gone; the backlog was dispatched before this threw.
    }
  }
}

/** Reads a whole stream chunk by chunk; not iterating holds the sender back. */
export async function* readAll(
  stream: Stream,
  readAheadBytes?: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = new StreamReader(stream, readAheadBytes)
  try {
    for (;;) {
      const chunk = await reader.next()
      if (chunk === undefined) return
      yield chunk
    }
  } finally {
    reader.detach()
  }
}

function truncated(): NetworkError {
  return new NetworkError('stream-truncated', 'the stream ended in the middle of a message')
}
