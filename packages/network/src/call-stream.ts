import type { Stream, StreamCloseEvent } from '@libp2p/interface'
import {
  type CallMessage,
  type CallSession,
  FRAME_PLAINTEXT_BYTES_MAX,
  FrameDecoder,
  HandshakeError,
} from '@warren/handshake'
import { NetworkError } from './network-error.ts'
import { reasonCodeOf } from './reason-code.ts'
import { sendAll } from './send-all.ts'
import type { StreamReader } from './stream-reader.ts'

/** A stream that can carry a call, and then another one. */
export interface Carrier {
  readonly stream: Stream
  readonly reader: StreamReader
}

/** A stream on which a call session has been agreed. */
export interface SessionStream extends Carrier {
  readonly session: CallSession
}

const NOTHING = new Uint8Array(0)

/** How nearly every call ends. One for all: making an error takes longer than sealing a frame. */
const CALL_OVER = new NetworkError('stream-over', 'the call has ended on both sides')

export interface CallStreamInit {
  readonly writesMax: number
  /** Takes the stream, open in both directions, once the call has come to its end on both sides. */
  readonly release: (carrier: Carrier) => void
}

/**
 * One call between two nodes: bytes in both directions under keys made for this call alone.
 *
 * Each direction has an explicit end. The keys are wiped as soon as the call is over, in whatever
 * way: both ends said, aborted here or there, the connection gone. What the peer does surfaces as
 * a `NetworkError`: `call-ended-by-peer` with its code, `stream-truncated`, `stream-reset`,
 * `call-session-failed`.
 */
export class CallStream {
  readonly #stream: Stream
  readonly #reader: StreamReader
  readonly #session: CallSession
  readonly #decoder = new FrameDecoder()
  readonly #over = new AbortController()
  readonly #writesMax: number
  readonly #release: CallStreamInit['release']
  /** What had arrived and was opened when the stream ended, for a reader that is behind. */
  readonly #arrived: CallMessage[] = []
  #arrivedFailure: NetworkError | undefined
  #writes: Promise<void> = Promise.resolve()
  #writesPending = 0
  #isConsumed = false
  #hasSentEnd = false
  #hasReadEnd = false

  constructor({ stream, reader, session }: SessionStream, { writesMax, release }: CallStreamInit) {
    this.#stream = stream
    this.#reader = reader
    this.#session = session
    this.#writesMax = writesMax
    this.#release = release
    stream.addEventListener('close', this.#onStreamClose)
    // Its event is not repeated: a peer may reset a stream in the breath in which it says its first word.
    // A microtask later, so that whoever is given the call hears of its end.
    if (stream.status !== 'open') queueMicrotask(() => this.#onClose(undefined))
  }

  /** Aborted when the call is over in any way. */
  get signal(): AbortSignal {
    return this.#over.signal
  }

  /** Whether this side has said its end, or everything is over. */
  get hasEnded(): boolean {
    return this.#hasSentEnd || this.#over.signal.aborted
  }

  /** Names this call, on both sides and nowhere else. 32 bytes, public. */
  get transcriptHash(): Uint8Array {
    return this.#session.transcriptHash
  }

  /** Resolves when more may be written. Writes keep their order, also when they are not waited for. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#hasSentEnd) throw new NetworkError('stream-over', 'this side has said its end')
      await this.#sendAllBut(0, bytes)
    })
  }

  /** Writes the last bytes, if there are any, and says that nothing more comes from this side. */
  async end(last: Uint8Array = NOTHING): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#hasSentEnd) return
      const start = await this.#sendAllBut(FRAME_PLAINTEXT_BYTES_MAX, last)
      this.#hasSentEnd = true
      const final = this.#session.sealFinal(last.subarray(start))
      try {
        await sendAll(this.#stream, final, this.#over.signal)
      } catch (error) {
        // The peer said its end while ours was on its way, and with that everything is said.
        if (error !== CALL_OVER) throw error
      }
      this.#endWhenBothHave()
    })
  }

  /**
   * Reads up to the end of the other side and drops it, for who has said everything.
   *
   * @throws NetworkError `call-abandoned` when that is more than `bytesMax`, and what reading throws
   */
  async drain(bytesMax: number): Promise<void> {
    let dropped = 0
    while (!this.#over.signal.aborted) {
      for (const message of await this.#nextMessages()) {
        if (message.type !== 'error') dropped += message.data.length
      }
      if (dropped > bytesMax) {
        throw new NetworkError('call-abandoned', 'the peer goes on after the call was answered')
      }
    }
  }

  /** Ends both directions now and tells the peer the reason's code, if it has one. */
  abort(reason: Error): void {
    if (this.#over.signal.aborted) return
    if (!this.#hasSentEnd && this.#stream.writeStatus === 'writable') {
      try {
        this.#stream.send(this.#session.sealError(reasonCodeOf(reason, 'call-aborted')))
      } catch {
        // The peer sees the reset that follows; the code was a courtesy.
      }
    }
    this.#finish(reason)
    this.#stream.abort(reason)
  }

  /** What the peer writes: ends after its explicit end, throws on anything else. One consumer. */
  get bytes(): AsyncIterable<Uint8Array> {
    return { [Symbol.asyncIterator]: () => this.#consume() }
  }

  async *#consume(): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#isConsumed) {
      throw new NetworkError('stream-consumed', 'the bytes of a call have one consumer')
    }
    this.#isConsumed = true
    for (;;) {
      const messages = await this.#nextMessages()
      for (const message of messages) {
        if (message.type === 'error') throw endedByPeer(message.code)
        if (message.data.length > 0) yield message.data
        if (message.type === 'final') return
      }
    }
  }

  /** Takes and opens in one go: between the two the stream could end and its keys be wiped. */
  async #nextMessages(): Promise<readonly CallMessage[]> {
    for (;;) {
      if (this.#arrived.length > 0) return this.#arrived.splice(0)
      if (this.#arrivedFailure !== undefined) throw this.#arrivedFailure
      this.#over.signal.throwIfAborted()
      const messages = this.#takeAndOpen()
      if (messages !== undefined) return messages
      await this.#reader.news(this.#over.signal)
    }
  }

  #takeAndOpen(): readonly CallMessage[] | undefined {
    try {
      const chunk = this.#reader.take()
      if (chunk !== undefined) return this.#open(chunk)
      if (this.#reader.hasEnded()) throw truncated()
      return undefined
    } catch (error) {
      const failure = sessionFailed(error)
      this.abort(failure)
      throw failure
    }
  }

  #open(chunk: Uint8Array): readonly CallMessage[] {
    const messages = this.#decoder.push(chunk).map((frame) => this.#session.open(frame))
    const last = messages.at(-1)
    if (last?.type === 'error') {
      this.#finish(endedByPeer(last.code))
      this.#stream.abort(endedByPeer(last.code))
    }
    if (last?.type === 'final') {
      this.#hasReadEnd = true
      this.#reader.unread(this.#decoder.rest)
      this.#endWhenBothHave()
    }
    return messages
  }

  #endWhenBothHave(): void {
    if (!this.#hasSentEnd || !this.#hasReadEnd || this.#over.signal.aborted) return
    this.#finish(CALL_OVER)
    this.#release({ stream: this.#stream, reader: this.#reader })
  }

  readonly #onStreamClose = ({ error }: StreamCloseEvent): void => this.#onClose(error)

  /** Opens what has arrived while there are keys, so that they can be wiped before it is read. */
  #onClose(error: Error | undefined): void {
    if (this.#over.signal.aborted) return
    try {
      for (const chunk of this.#reader.rest()) this.#arrived.push(...this.#open(chunk))
    } catch (failure) {
      this.#arrivedFailure = sessionFailed(failure)
    }
    if (this.#over.signal.aborted) return
    if (!this.#hasReadEnd) this.#arrivedFailure ??= error === undefined ? truncated() : lost(error)
    this.#finish(this.#arrivedFailure ?? lost(error))
  }

  #finish(reason: Error): void {
    if (this.#over.signal.aborted) return
    this.#stream.removeEventListener('close', this.#onStreamClose)
    this.#session.wipe()
    this.#over.abort(reason)
  }

  /** Sends whole frames until no more than `keptMax` bytes are left; where they start. */
  async #sendAllBut(keptMax: number, bytes: Uint8Array): Promise<number> {
    let start = 0
    while (bytes.length - start > keptMax) {
      this.#over.signal.throwIfAborted()
      const chunk = bytes.subarray(start, start + FRAME_PLAINTEXT_BYTES_MAX)
      await sendAll(this.#stream, this.#session.sealData(chunk), this.#over.signal)
      start += chunk.length
    }
    return start
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    this.#over.signal.throwIfAborted()
    if (this.#writesPending >= this.#writesMax) {
      throw new NetworkError('write-queue-full', 'too many writes wait on one call')
    }
    this.#writesPending += 1
    const turn = this.#writesPending === 1 ? work() : this.#writes.then(work)
    // The next write waits for this one and does not care how it ended: it asks the stream itself.
    this.#writes = turn.catch(() => undefined)
    try {
      await turn
    } finally {
      this.#writesPending -= 1
    }
  }
}

function endedByPeer(code: string): NetworkError {
  const options = { peerCode: code }
  return new NetworkError('call-ended-by-peer', `the peer ended the call: ${code}`, options)
}

function truncated(): NetworkError {
  return new NetworkError('stream-truncated', 'the call ended without the explicit end of the peer')
}

function lost(cause: Error | undefined): NetworkError {
  return new NetworkError('stream-reset', 'the stream of the call was cut off', { cause })
}

function sessionFailed(cause: unknown): NetworkError {
  if (cause instanceof NetworkError) return cause
  const code = cause instanceof HandshakeError ? cause.code : 'unknown'
  return new NetworkError('call-session-failed', `the call session failed: ${code}`, { cause })
}
