import type { CreateStreamOptions, MessageStream, Stream, StreamMuxer } from '@libp2p/interface'
import type { Role } from '@warren/handshake'
import type { SecuredStream } from './secured-stream.ts'

/** What one connection is bound to. The exporter is secret: it belongs to the connection and is wiped with it. */
export interface ChannelBinding {
  readonly role: Role
  readonly handshakeHash: Uint8Array
  readonly exporter: Uint8Array
  readonly ed25519Key: Uint8Array
  readonly mlDsa44Key: Uint8Array
  readonly secured: SecuredStream
}

/** Takes the streams that the peer opens on one connection; `handOver` gives one to libp2p. */
export type StreamDoor = (stream: Stream, handOver: () => void) => void

/** A muxer that shows inbound streams to a door of ours first, and opens none for libp2p before the peer is admitted. */
export interface DoorMuxer extends StreamMuxer {
  /** `admission` settles when it is known whether both sides have admitted each other. */
  setDoor(door: StreamDoor, admission: Promise<unknown>): void
  /** Opens a stream for a protocol of ours. */
  openStream(options: CreateStreamOptions): Promise<Stream>
  /** Ends what libp2p does on this connection and lets it begin nothing more; our own streams stay. */
  retire(reason: Error): void
}

/** A binding with the muxer that runs on it. */
export interface BoundChannel {
  readonly binding: ChannelBinding
  readonly muxer: DoorMuxer
}

/**
 * Finds the binding of a connection again.
 *
 * libp2p keeps neither the handshake hash nor an exporter: the encrypter leaves them here under
 * the stream that it secured, the muxer finds them there, and the connection finds both under its
 * timeline, the one object that libp2p hands through from the socket to the connection.
 */
export class ChannelBindings {
  readonly #bySecured = new WeakMap<MessageStream, { timeline: object; binding: ChannelBinding }>()
  readonly #byTimeline = new WeakMap<object, BoundChannel>()

  bind(timeline: object, binding: ChannelBinding): void {
    this.#bySecured.set(binding.secured, { timeline, binding })
  }

  attachMuxer(secured: MessageStream, muxer: DoorMuxer): boolean {
    const bound = this.#bySecured.get(secured)
    if (bound === undefined) return false
    this.#byTimeline.set(bound.timeline, { binding: bound.binding, muxer })
    return true
  }

  find(timeline: object): BoundChannel | undefined {
    return this.#byTimeline.get(timeline)
  }
}
