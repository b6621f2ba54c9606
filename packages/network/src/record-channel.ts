import type { Stream } from '@libp2p/interface'
import { frameMessage, readMessage } from './message-framing.ts'
import { readEcho, SELECTIONS } from './multistream-lines.ts'
import { NetworkError, type NetworkErrorCode } from './network-error.ts'
import type { NetworkLimits } from './network-limits.ts'
import type { PeerLink } from './peer-link.ts'
import type { RecordLink, RecordsPort } from './ports.ts'
import { reasonCodeOf } from './reason-code.ts'
import { sendAll } from './send-all.ts'
import { StreamReader } from './stream-reader.ts'

/** A stream that ends is mostly the first that is seen of the end of its connection, which knows the reason. */
const ENDS: ReadonlySet<NetworkErrorCode> = new Set([
  'records-ended',
  'stream-over',
  'stream-reset',
  'stream-truncated',
])
/** So many times the patience of the other side's closing is waited for that end. */
const END_GRACE_FACTOR = 2

export interface RecordChannelComponents {
  readonly port: RecordsPort
  readonly limits: NetworkLimits
  readonly settle: () => void
  /** Called when a message of the peer has been dealt with. */
  readonly heard: () => void
}

/**
 * The records channel of one connection: a stream each way, which lives as long as the connection.
 *
 * What waits to be sent is bounded by `recordQueueBytesMax`, and what has come by one message, the
 * read-ahead and the stream's window: a peer that does not read, or that is not kept up with, holds up itself alone.
 */
export class RecordChannel implements RecordLink {
  static #made = 0
  readonly id: string
  readonly did: string
  readonly #link: PeerLink
  readonly #components: RecordChannelComponents
  readonly #queue: Uint8Array[] = []
  #waitingBytes = 0
  #stream: Stream | undefined
  #isSending = false

  constructor(link: PeerLink, did: string, components: RecordChannelComponents) {
    RecordChannel.#made += 1
    this.id = `link-${RecordChannel.#made}`
    this.did = did
    this.#link = link
    this.#components = components
  }

  get peerId(): string {
    return this.#link.peerId
  }

  get direction(): 'inbound' | 'outbound' {
    return this.#link.direction
  }

  /** Opens this side's stream; what is sent before it is there waits for it. */
  open(): void {
    this.#keepOpen().catch((error: unknown) => this.#fail(error))
  }

  send(bytes: Uint8Array): boolean {
    const { recordBytesMax, recordQueueBytesMax } = this.#components.limits
    if (bytes.length > recordBytesMax) {
      throw new NetworkError('message-too-long', `a message has at most ${recordBytesMax} bytes`)
    }
    const frame = frameMessage(bytes)
    const isOver = this.#link.state === 'closed'
    if (isOver || this.#waitingBytes + frame.length > recordQueueBytesMax) return false
    this.#queue.push(frame)
    this.#waitingBytes += frame.length
    this.#flush()
    return true
  }

  settle(): void {
    this.#components.settle()
  }

  cut(code: string): void {
    this.#link.cut(cutBy(code))
  }

  /** Serves the stream that the peer has opened: one message after the other, as fast as the port takes them. */
  async receive(stream: Stream, reader: StreamReader): Promise<void> {
    try {
      await sendAll(stream, SELECTIONS.records, this.#link.ended)
      for (;;) await this.#deliver(await this.#next(reader))
    } catch (error) {
      this.#fail(error)
    }
  }

  async #next(reader: StreamReader): Promise<Uint8Array> {
    const { ended } = this.#link
    const first = await reader.next(ended)
    if (first === undefined) throw channelEnded()
    reader.unread(first)
    return readMessage(reader, this.#components.limits.recordBytesMax, ended)
  }

  async #deliver(bytes: Uint8Array): Promise<void> {
    // What had arrived before the connection was cut is not heard any more.
    this.#link.ended.throwIfAborted()
    try {
      await this.#components.port.message(this, bytes)
      this.#components.heard()
    } catch (error) {
      throw cutBy(reasonCodeOf(error, 'records-failed'), error)
    }
  }

  /** The peer says nothing on this side's stream: whatever comes of it after the echo is its end. */
  async #keepOpen(): Promise<void> {
    const { ended } = this.#link
    const stream = await this.#link.openStream(ended)
    const reader = new StreamReader(stream)
    await sendAll(stream, SELECTIONS.records, ended)
    this.#stream = stream
    this.#flush()
    await readEcho(reader, 'records', ended)
    if ((await reader.next(ended)) === undefined) throw channelEnded()
    throw new NetworkError('protocol-refused', 'the peer speaks on the stream on which it listens')
  }

  #flush(): void {
    if (this.#stream === undefined || this.#isSending) return
    this.#isSending = true
    this.#sendWaiting(this.#stream).catch((error: unknown) => this.#fail(error))
  }

  async #sendWaiting(stream: Stream): Promise<void> {
    for (let frame = this.#queue.shift(); frame !== undefined; frame = this.#queue.shift()) {
      await sendAll(stream, frame, this.#link.ended)
      this.#waitingBytes -= frame.length
    }
    this.#isSending = false
  }

  /** A connection without its records channel is of no use: it ends with it. */
  #fail(error: unknown): void {
    if (this.#link.state === 'closed') return
    const reason = error instanceof NetworkError ? error : channelEnded(error)
    if (!ENDS.has(reason.code)) {
      this.#link.cut(reason)
      return
    }
    const patienceMs = END_GRACE_FACTOR * this.#components.limits.closeTimeoutMs
    const timer = setTimeout(() => this.#link.cut(reason), patienceMs)
    this.#link.ended.addEventListener('abort', () => clearTimeout(timer))
  }
}

function cutBy(code: string, cause?: unknown): NetworkError {
  const message = 'what this node knows of the mesh ends the connection'
  return new NetworkError('records-cut', message, { peerCode: code, cause })
}

function channelEnded(cause?: unknown): NetworkError {
  return new NetworkError('records-ended', 'the peer has ended its records channel', { cause })
}
