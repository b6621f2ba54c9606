import type {
  AbortOptions,
  CreateStreamOptions,
  MessageStream,
  Stream,
  StreamMuxer,
  StreamMuxerEvents,
  StreamMuxerFactory,
  StreamMuxerStatus,
} from '@libp2p/interface'
import { TypedEventEmitter } from 'main-event'
import type { ChannelBindings, DoorMuxer, StreamDoor } from './channel-binding.ts'
import { NetworkError } from './network-error.ts'
import { untilAborted } from './until-aborted.ts'

/** Streams that a peer may open before this side has finished setting the connection up. */
const EARLY_STREAMS_MAX = 10

/**
 * Puts a door in front of libp2p: every inbound stream is shown to the door of its connection
 * first, and libp2p sees only what the door hands over. What libp2p opens itself waits until the
 * peer is admitted, and ends where another connection to the peer takes over.
 *
 * A stream that comes before the door is there waits for it. A muxer of stock holds early streams
 * for its first listener; that listener is ours, so the waiting is ours as well.
 */
export function boundMuxer(
  inner: StreamMuxerFactory,
  bindings: ChannelBindings,
): StreamMuxerFactory {
  return {
    protocol: inner.protocol,
    createStreamMuxer(secured: MessageStream): StreamMuxer {
      const muxer = new BoundMuxer(inner.createStreamMuxer(secured))
      if (!bindings.attachMuxer(secured, muxer)) {
        throw new NetworkError('channel-unbound', 'the connection has no handshake of ours')
      }
      return muxer
    },
  }
}

class BoundMuxer extends TypedEventEmitter<StreamMuxerEvents> implements DoorMuxer {
  readonly #inner: StreamMuxer
  readonly #early: Stream[] = []
  readonly #ofLibp2p = new WeakSet<Stream>()
  #door: StreamDoor | undefined
  #admission: Promise<unknown> | undefined
  #retirement: Error | undefined

  constructor(inner: StreamMuxer) {
    super()
    this.#inner = inner
    inner.addEventListener('stream', ({ detail }) => this.#admit(detail))
  }

  get protocol(): string {
    return this.#inner.protocol
  }

  get streams(): Stream[] {
    return this.#inner.streams
  }

  get status(): StreamMuxerStatus {
    return this.#inner.status
  }

  setDoor(door: StreamDoor, admission: Promise<unknown>): void {
    this.#door = door
    this.#admission = admission
    for (const stream of this.#early.splice(0)) this.#admit(stream)
  }

  async openStream(options: CreateStreamOptions): Promise<Stream> {
    return this.#inner.createStream(options)
  }

  /** What libp2p calls. Its protocols, such as the DHT, may connect to a peer and speak at once: they wait for admission. */
  async createStream(options: CreateStreamOptions = {}): Promise<Stream> {
    if (this.#admission === undefined) {
      throw new NetworkError('protocol-refused', 'nothing is said to a stranger')
    }
    const { signal } = options
    await (signal === undefined ? this.#admission : untilAborted(this.#admission, signal))
    const stream = await this.#inner.createStream(options)
    if (this.#retirement !== undefined) {
      stream.abort(this.#retirement)
      throw this.#retirement
    }
    this.#ofLibp2p.add(stream)
    return stream
  }

  retire(reason: Error): void {
    this.#retirement = reason
    for (const stream of this.streams) if (this.#ofLibp2p.has(stream)) stream.abort(reason)
  }

  abort(error: Error): void {
    this.#inner.abort(error)
  }

  async close(options?: AbortOptions): Promise<void> {
    await this.#inner.close(options)
  }

  #admit(stream: Stream): void {
    if (this.#door !== undefined) {
      this.#door(stream, () => this.#handOver(stream))
    } else if (this.#early.length < EARLY_STREAMS_MAX) {
      this.#early.push(stream)
    } else {
      stream.abort(new NetworkError('stream-reset', 'too many streams before the door is open'))
    }
  }

  #handOver(stream: Stream): void {
    if (this.#retirement !== undefined) {
      stream.abort(this.#retirement)
      return
    }
    this.#ofLibp2p.add(stream)
    this.safeDispatchEvent('stream', { detail: stream })
  }
}
