import type { Connection, Stream } from '@libp2p/interface'
import { setMaxListeners } from 'node:events'
import type { Channel } from './channel.ts'
import type { BoundChannel, ChannelBinding, StreamDoor } from './channel-binding.ts'
import { NetworkError } from './network-error.ts'
import { SECURE_HANDSHAKE_SUITE } from '@warren/handshake'

/**
 * How far a connection has come. `judged`: this side has admitted the peer, the peer's verdict is on its way;
 * `settling`: both have, and they speak records alone; `admitted`: this side lets it be used.
 */
export type LinkState =
  | 'stranger'
  | 'joining'
  | 'admitting'
  | 'judged'
  | 'settling'
  | 'admitted'
  | 'closed'

export interface PeerLinkInit {
  readonly connection: Connection
  readonly bound: BoundChannel
  /** On the monotonic clock. */
  readonly openedAtMs: number
}

export interface ClosePatience {
  readonly timeoutMs: number
  readonly graceMs?: number
}

/** One connection to one peer, from its handshake to its end. */
export class PeerLink {
  readonly connection: Connection
  readonly binding: ChannelBinding
  readonly channel: Channel
  readonly openedAtMs: number
  readonly #bound: BoundChannel
  readonly #ended = new AbortController()
  readonly #verdicts = Promise.withResolvers<void>()
  readonly #admission = Promise.withResolvers<string>()
  #state: LinkState = 'stranger'
  #did: string | undefined
  #isRetired = false

  constructor({ connection, bound, openedAtMs }: PeerLinkInit) {
    this.connection = connection
    this.binding = bound.binding
    this.openedAtMs = openedAtMs
    this.#bound = bound
    this.channel = {
      peerId: connection.remotePeer.toString(),
      ed25519Key: bound.binding.ed25519Key,
      mlDsa44Key: bound.binding.mlDsa44Key,
      handshakeHash: bound.binding.handshakeHash,
      suite: SECURE_HANDSHAKE_SUITE,
      remoteAddress: connection.remoteAddr.toString(),
      direction: connection.direction,
    }
    // Every call and every wait on this connection listens here.
    setMaxListeners(0, this.#ended.signal)
    // Whoever waits gets the rejection; nobody has to wait.
    this.#verdicts.promise.catch(() => undefined)
    this.#admission.promise.catch(() => undefined)
    connection.addEventListener('close', ({ error }) => {
      this.#end(new NetworkError('peer-lost', 'the connection has ended', { cause: error }))
    })
  }

  get peerId(): string {
    return this.channel.peerId
  }

  get direction(): 'inbound' | 'outbound' {
    return this.channel.direction
  }

  get state(): LinkState {
    return this.#state
  }

  /** Who the peer is; known once both sides have admitted each other. */
  get did(): string | undefined {
    return this.#did
  }

  /** Whether another connection serves this peer. */
  get isRetired(): boolean {
    return this.#isRetired
  }

  /** Aborted, with the reason, when the connection is over. */
  get ended(): AbortSignal {
    return this.#ended.signal
  }

  /** Resolves when both sides have admitted each other; rejects when they have not. */
  get verdicts(): Promise<void> {
    return this.#verdicts.promise
  }

  /** Resolves with the peer's DID when the connection may be used for everything; rejects when it never may. */
  get admission(): Promise<string> {
    return this.#admission.promise
  }

  /** What has come from the peer so far, in bytes. */
  get receivedBytes(): number {
    return this.binding.secured.receivedBytes
  }

  setDoor(door: StreamDoor): void {
    this.#bound.muxer.setDoor(door, this.#admission.promise)
  }

  async openStream(signal: AbortSignal): Promise<Stream> {
    this.#ended.signal.throwIfAborted()
    return this.#bound.muxer.openStream({ signal })
  }

  /** Takes the one exchange that a stranger has: admission or joining. False when it is taken. */
  begin(exchange: 'admitting' | 'joining'): boolean {
    if (this.#state !== 'stranger') return false
    this.#state = exchange
    return true
  }

  markJudged(): void {
    if (this.#state === 'admitting') this.#state = 'judged'
  }

  /** Both sides have admitted each other. False when the connection is over. */
  markSettling(did: string): boolean {
    if (this.#state === 'closed') return false
    this.#state = 'settling'
    this.#did = did
    this.#verdicts.resolve()
    return true
  }

  admit(did: string): void {
    if (this.#state === 'closed') return
    this.#state = 'admitted'
    this.#did = did
    this.#admission.resolve(did)
  }

  /** Another connection serves this peer: here its last calls come to their end, and nothing of libp2p is left. */
  retire(): void {
    this.#isRetired = true
    this.#bound.muxer.retire(
      new NetworkError('peer-duplicate', 'another connection serves this peer'),
    )
  }

  /** Ends the connection now; what is on its way is lost. */
  cut(reason: NetworkError): void {
    this.#end(reason)
    this.connection.abort(reason)
  }

  /** Ends the connection after what has been written, giving the peer time to read it and to leave first. */
  async close(reason: NetworkError, patience: ClosePatience): Promise<void> {
    this.#end(reason)
    await this.#left(patience.graceMs ?? 0)
    try {
      await this.connection.close({ signal: AbortSignal.timeout(patience.timeoutMs) })
    } catch {
      // It did not end by itself in time.
      this.connection.abort(reason)
    }
  }

  async #left(graceMs: number): Promise<void> {
    if (graceMs === 0 || this.connection.status !== 'open') return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, graceMs)
    this.connection.addEventListener('close', () => resolve(), { once: true })
    await promise
    clearTimeout(timer)
  }

  #end(reason: NetworkError): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#verdicts.reject(reason)
    this.#admission.reject(reason)
    this.#ended.abort(reason)
  }
}
