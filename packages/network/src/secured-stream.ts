import type {
  AbortOptions,
  MessageStream,
  StreamCloseEvent,
  StreamMessageEvent,
} from '@libp2p/interface'
import { AbstractMessageStream, type SendResult } from '@libp2p/utils'
import { TRANSPORT_PLAINTEXT_BYTES_MAX, type TransportCipher } from '@warren/handshake'
import { FrameSplitter } from './frame-splitter.ts'
import { NetworkError } from './network-error.ts'
import { PlaintextBatch } from './plaintext-batch.ts'

/** What fills a frame is sealed and sent at once instead of at the end of the round: waiting would only fill the memory. */
const BATCH_BYTES_MAX = TRANSPORT_PLAINTEXT_BYTES_MAX
/** Nor does anything wait longer for what else a long round brings: the other side could be working on it. */
const BATCH_MS_MAX = 0.5

/** Rounds of the event loop: the other side answers what it has read at the end of its own. */
const CLOSING_ROUNDS = 3

type SendData = Parameters<AbstractMessageStream['sendData']>[0]

export interface SecuredStreamInit {
  readonly inner: MessageStream
  /** Belong to the stream from now on, which wipes them when it ends. */
  readonly send: TransportCipher
  readonly receive: TransportCipher
}

/**
 * A connection under the keys of its handshake.
 *
 * What is written in one round of the event loop is sealed together: small writes then share a
 * frame and a system call. Any frame that does not open aborts the connection.
 */
export class SecuredStream extends AbstractMessageStream {
  readonly #inner: MessageStream
  readonly #send: TransportCipher
  readonly #receive: TransportCipher
  readonly #splitter = new FrameSplitter()
  readonly #batch = new PlaintextBatch(TRANSPORT_PLAINTEXT_BYTES_MAX)
  #flushScheduled = false
  #batchSinceMs = 0
  #receivedBytes = 0

  constructor(init: SecuredStreamInit) {
    const { inner } = init
    super({
      log: inner.log,
      inactivityTimeout: inner.inactivityTimeout,
      maxReadBufferLength: inner.maxReadBufferLength,
      direction: inner.direction,
    })
    this.#inner = inner
    this.#send = init.send
    this.#receive = init.receive
    inner.addEventListener('message', (event) => this.#open(event))
    inner.addEventListener('close', (event) => this.#onInnerClose(event))
    inner.addEventListener('drain', () => this.safeDispatchEvent('drain'))
    inner.addEventListener('remoteCloseWrite', () => this.onRemoteCloseWrite())
    this.addEventListener('close', () => this.#wipe())
  }

  /** How many bytes have come from the peer: a sign of life. */
  get receivedBytes(): number {
    return this.#receivedBytes
  }

  /**
   * What is written to a connection that is over is dropped instead of refused by a throw: yamux (8.0.3) opens a stream
   * with a message that it sends a moment later, when nobody is there to catch, and the process would end with it.
   */
  override send(data: SendData | Uint8Array): boolean {
    if (this.writeStatus === 'closed' || this.writeStatus === 'closing') return false
    return super.send(data)
  }

  override sendData(data: SendData): SendResult {
    const nowMs = performance.now()
    if (this.#batch.bytes === 0) this.#batchSinceMs = nowMs
    for (const chunk of data) this.#batch.add(chunk)
    const sentBytes = data.byteLength
    if (this.#batch.bytes >= BATCH_BYTES_MAX || nowMs - this.#batchSinceMs >= BATCH_MS_MAX) {
      return { sentBytes, canSendMore: this.#flush() }
    }
    this.#scheduleFlush()
    return { sentBytes, canSendMore: true }
  }

  override sendReset(error: Error): void {
    this.#inner.abort(error)
  }

  override sendPause(): void {
    this.#inner.pause()
  }

  override sendResume(): void {
    this.#inner.resume()
  }

  override async close(options?: AbortOptions): Promise<void> {
    if (this.writeStatus !== 'writable') return
    this.writeStatus = 'closing'
    await this.#emptied(options?.signal)
    this.#flush()
    // The inner connection drops what comes once it is closing: what is arriving now is still read.
    for (let round = 0; round < CLOSING_ROUNDS; round += 1) {
      await new Promise<void>((resolve) => {
        setImmediate(resolve)
      })
    }
    await this.#inner.close(options)
  }

  /** Waits until what the connection could not take yet has gone. */
  async #emptied(signal?: AbortSignal): Promise<void> {
    while (this.writeBuffer.byteLength > 0 && this.status === 'open') {
      signal?.throwIfAborted()
      await new Promise<void>((resolve) => {
        for (const event of ['idle', 'close'] as const) {
          this.addEventListener(event, () => resolve(), { once: true })
        }
        signal?.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }

  /** Once all that has arrived in this round of the event loop has been handled, so that its answers are sent together. */
  #scheduleFlush(): void {
    if (this.#flushScheduled) return
    this.#flushScheduled = true
    setImmediate(() => {
      this.#flushScheduled = false
      if (!this.#flush()) this.writableNeedsDrain = true
    })
  }

  /** Says whether the connection takes more. */
  #flush(): boolean {
    if (this.#batch.bytes === 0) return !this.#inner.writableNeedsDrain
    if (this.status !== 'open' || this.#inner.status !== 'open') {
      this.#batch.clear()
      return true
    }
    try {
      return this.#inner.send(this.#batch.seal(this.#send))
    } catch (error) {
      this.abort(toError(error))
      return true
    }
  }

  #open(event: StreamMessageEvent): void {
    this.#receivedBytes += event.data.byteLength
    const chunks = event.data instanceof Uint8Array ? [event.data] : event.data
    try {
      for (const chunk of chunks) {
        for (const frame of this.#splitter.push(chunk)) {
          // oxlint-disable-next-line max-depth -- chunk, frame, and the check that a frame before it did not end the stream
          if (this.status !== 'open') return
          this.onData(this.#receive.open(frame))
        }
      }
    } catch (error) {
      this.abort(toError(error))
    }
  }

  #onInnerClose({ error, local }: StreamCloseEvent): void {
    if (error === undefined) this.onTransportClosed()
    else if (local === true) this.abort(error)
    else if (this.status === 'open') this.onRemoteReset()
  }

  #wipe(): void {
    this.#batch.clear()
    this.#send.wipe()
    this.#receive.wipe()
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new NetworkError('channel-frame-invalid', String(error))
}
