import type { Stream } from '@libp2p/interface'
import type { Clock } from '@warren/core'
import { answerSession, type CallSessionComponents, openSession } from './call-session-opening.ts'
import { CallStream, type SessionStream } from './call-stream.ts'
import type { Channel } from './channel.ts'
import { NetworkError } from './network-error.ts'
import type { PeerLink } from './peer-link.ts'
import { SessionPool } from './session-pool.ts'
import type { StreamReader } from './stream-reader.ts'

/** Who is calling, as admission has found. */
export interface Caller {
  readonly did: string
  readonly peerId: string
  readonly channel: Channel
}

/**
 * Serves one call. The stream is the handler's until the promise settles: a rejection ends it
 * with the error's code, and so does a return before this side has said its end.
 */
export type CallHandler = (stream: CallStream, caller: Caller) => Promise<void>

export interface LinkCallsComponents extends CallSessionComponents {
  readonly clock: Clock
  handler(): CallHandler | undefined
}

/** All calls of one admitted connection, both ways. */
export class LinkCalls {
  readonly #link: PeerLink
  readonly #components: LinkCallsComponents
  readonly #outbound = new Set<CallStream>()
  readonly #inbound = new Set<CallStream>()
  readonly #pool: SessionPool
  #opening = 0
  #preparedInbound = 0
  #idle: (() => void) | undefined

  constructor(link: PeerLink, components: LinkCallsComponents) {
    this.#link = link
    this.#components = components
    this.#pool = new SessionPool({
      clock: components.clock,
      limits: components.limits,
      make: async () => openSession(link, components, this.#patience()),
    })
    link.ended.addEventListener('abort', () => this.#cut())
  }

  /** Opens a call: on a prepared session at once, without one after a round trip. */
  async open(signal: AbortSignal): Promise<CallStream> {
    if (this.#outbound.size + this.#opening >= this.#components.limits.callsOutboundMax) {
      throw new NetworkError('calls-exhausted', 'too many calls to this peer at once')
    }
    this.#opening += 1
    try {
      return this.#track(this.#pool.take() ?? (await this.#openNow(signal)), this.#outbound)
    } finally {
      this.#opening -= 1
    }
  }

  /** Serves an inbound stream for a call; the session counts as a call once its first bytes have come. */
  async accept(stream: Stream, reader: StreamReader): Promise<void> {
    const { limits } = this.#components
    const sessions = this.#preparedInbound + this.#inbound.size
    if (sessions >= limits.callsInboundMax + limits.preparedInboundMax) {
      throw new NetworkError('calls-exhausted', 'the peer keeps too many sessions prepared')
    }
    this.#preparedInbound += 1
    let session: SessionStream
    try {
      session = await this.#awaitFirstBytes(stream, reader)
    } finally {
      this.#preparedInbound -= 1
    }
    const call = this.#track(session, this.#inbound)
    if (this.#inbound.size > limits.callsInboundMax) {
      call.abort(new NetworkError('calls-exhausted', 'too many calls of this peer at once'))
      return
    }
    await this.#serve(call)
  }

  /** Another connection serves the peer now. */
  stopPreparing(): void {
    this.#pool.close()
  }

  /** Resolves when the calls that there are have ended. */
  async retire(): Promise<void> {
    while (this.#outbound.size + this.#inbound.size > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
  }

  async #awaitFirstBytes(stream: Stream, reader: StreamReader): Promise<SessionStream> {
    const { limits } = this.#components
    const agreed = await answerSession(this.#link, this.#components, {
      stream,
      reader,
      signal: this.#patience(),
    })
    const timer = setTimeout(() => {
      stream.abort(new NetworkError('stream-over', 'the prepared session was not used'))
    }, limits.preparedInboundTtlMs)
    try {
      const first = await reader.next()
      if (first === undefined) throw new NetworkError('stream-over', 'the session was given up')
      reader.unread(first)
      return agreed
    } catch (error) {
      agreed.session.wipe()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  async #serve(call: CallStream): Promise<void> {
    const handler = this.#components.handler()
    const { did, peerId, channel } = this.#link
    if (handler === undefined || did === undefined) {
      call.abort(new NetworkError('call-unhandled', 'this node serves no calls'))
      return
    }
    try {
      await handler(call, { did, peerId, channel })
    } catch (error) {
      // The handler's failure is the caller's to see, by its code; it must not reach libp2p.
      call.abort(error instanceof Error ? error : new NetworkError('call-abandoned', 'failed'))
      return
    }
    if (!call.hasEnded) {
      call.abort(new NetworkError('call-abandoned', 'the handler returned without an end'))
    }
  }

  #track(session: SessionStream, calls: Set<CallStream>): CallStream {
    const call = new CallStream(session, this.#components.limits.callWriteQueueMax)
    calls.add(call)
    const forget = (): void => {
      calls.delete(call)
      if (this.#outbound.size + this.#inbound.size === 0) this.#idle?.()
    }
    if (call.signal.aborted) forget()
    else call.signal.addEventListener('abort', forget, { once: true })
    return call
  }

  /** The stream-level reset would do, but the reason is known here. */
  #cut(): void {
    this.#pool.close()
    const { reason } = this.#link.ended
    const error =
      reason instanceof Error ? reason : new NetworkError('peer-lost', 'the peer is gone')
    for (const call of [...this.#outbound, ...this.#inbound]) call.abort(error)
  }

  async #openNow(signal: AbortSignal): Promise<SessionStream> {
    const waits = AbortSignal.any([signal, this.#patience()])
    return openSession(this.#link, this.#components, waits)
  }

  /** The end of the connection needs no signal here: it ends the stream that is waited for. */
  #patience(): AbortSignal {
    return AbortSignal.timeout(this.#components.limits.negotiationTimeoutMs)
  }
}
