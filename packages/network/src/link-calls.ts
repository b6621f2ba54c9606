import type { Stream } from '@libp2p/interface'
import type { Clock } from '@warren/core'
import type { CallAllowances } from './call-allowances.ts'
import { answerSession, type CallSessionComponents, openSession } from './call-session-opening.ts'
import { CallStream, type Carrier, type SessionStream } from './call-stream.ts'
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
  readonly allowances: CallAllowances
  handler(): CallHandler | undefined
}

interface Tracking {
  readonly calls: Set<CallStream>
  readonly release: (carrier: Carrier) => void
  /** Gives the place back that the call has; absent for one that has none. */
  readonly free: (() => void) | undefined
}

/** All calls of one admitted connection, both ways. */
export class LinkCalls {
  readonly #link: PeerLink
  readonly #components: LinkCallsComponents
  readonly #outbound = new Set<CallStream>()
  readonly #inbound = new Set<CallStream>()
  readonly #pool: SessionPool
  #idle: (() => void) | undefined

  constructor(link: PeerLink, components: LinkCallsComponents) {
    this.#link = link
    this.#components = components
    this.#pool = new SessionPool({
      clock: components.clock,
      limits: components.limits,
      make: async (carrier) => openSession(link, components, { signal: this.#patience(), carrier }),
    })
    link.ended.addEventListener('abort', () => this.#cut())
  }

  /** Opens a call: on a prepared session at once, without one after a round trip. */
  async open(signal: AbortSignal): Promise<CallStream> {
    const free = this.#components.allowances.outbound.take(this.#did)
    if (free === undefined) {
      throw new NetworkError('calls-exhausted', 'too many calls to others, or to this one, at once')
    }
    try {
      const session = this.#pool.take() ?? (await this.#openNow(signal))
      const release = (carrier: Carrier): void => this.#pool.giveBack(carrier)
      return this.#track(session, { calls: this.#outbound, release, free })
    } catch (error) {
      free()
      throw error
    }
  }

  /** Serves one call after the other on an inbound stream, until one does not come to its end on both sides. */
  async accept(stream: Stream, reader: StreamReader): Promise<void> {
    let carrier: Carrier | undefined = await this.#acceptOne({ stream, reader }, true)
    while (carrier !== undefined) carrier = await this.#acceptOne(carrier, false)
  }

  /** The session counts as a call once its first bytes have come. Returns the stream where it may carry another call. */
  async #acceptOne(carrier: Carrier, isNew: boolean): Promise<Carrier | undefined> {
    const freeSession = this.#components.allowances.inboundSessions.take(this.#did)
    if (freeSession === undefined) {
      throw new NetworkError('calls-exhausted', 'the member keeps too many sessions prepared')
    }
    try {
      const session = await this.#awaitSession(carrier, isNew)
      return session === undefined ? undefined : await this.#acceptCall(session)
    } finally {
      freeSession()
    }
  }

  async #acceptCall(session: SessionStream): Promise<Carrier | undefined> {
    const free = this.#components.allowances.inbound.take(this.#did)
    let released: Carrier | undefined
    const call = this.#track(session, {
      calls: this.#inbound,
      release: (carrier) => {
        released = carrier
      },
      free,
    })
    if (free === undefined) {
      call.abort(
        new NetworkError('calls-exhausted', 'too many calls at once, of this member or all'),
      )
      return undefined
    }
    await this.#serve(call)
    return released
  }

  /** Calls there are on admitted connections alone, whose peer has a DID. */
  get #did(): string {
    const { did } = this.#link
    if (did === undefined) throw new NetworkError('protocol-refused', 'not admitted')
    return did
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

  /** Agrees a session and waits until it is used; nothing when the peer has no more use for the stream. */
  async #awaitSession(carrier: Carrier, isNew: boolean): Promise<SessionStream | undefined> {
    if (!isNew && !(await this.#hasFirstBytes(carrier))) {
      await carrier.stream.close()
      return undefined
    }
    const agreed = await answerSession(this.#link, this.#components, {
      ...carrier,
      signal: this.#patience(),
      isNew,
    })
    try {
      if (await this.#hasFirstBytes(carrier)) return agreed
      throw new NetworkError('stream-over', 'the session was given up')
    } catch (error) {
      agreed.session.wipe()
      throw error
    }
  }

  /** Waits for what the peer says next, not longer than a stream may be idle; false when it has ended its side. */
  async #hasFirstBytes({ stream, reader }: Carrier): Promise<boolean> {
    const timer = setTimeout(() => {
      stream.abort(new NetworkError('stream-over', 'the prepared session was not used'))
    }, this.#components.limits.preparedInboundTtlMs)
    try {
      const first = await reader.next()
      if (first !== undefined) reader.unread(first)
      return first !== undefined
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
      call.abort(toError(error))
      return
    }
    if (call.hasEnded) await this.#drain(call)
    else call.abort(new NetworkError('call-abandoned', 'the handler returned without an end'))
  }

  /** The stream is free once the caller has said its end, too. */
  async #drain(call: CallStream): Promise<void> {
    const { callDrainBytesMax, callDrainMs } = this.#components.limits
    const timer = setTimeout(() => {
      call.abort(new NetworkError('call-abandoned', 'the caller did not say its end in time'))
    }, callDrainMs)
    try {
      await call.drain(callDrainBytesMax)
    } catch (error) {
      // The call has been answered; how its caller lets go of it matters to nobody.
      call.abort(toError(error))
    } finally {
      clearTimeout(timer)
    }
  }

  #track(session: SessionStream, { calls, release, free }: Tracking): CallStream {
    const writesMax = this.#components.limits.callWriteQueueMax
    const call = new CallStream(session, { writesMax, release })
    calls.add(call)
    const forget = (): void => {
      calls.delete(call)
      free?.()
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
    return openSession(this.#link, this.#components, {
      signal: waits,
      carrier: this.#pool.takeCarrier(),
    })
  }

  /** The end of the connection needs no signal here: it ends the stream that is waited for. */
  #patience(): AbortSignal {
    return AbortSignal.timeout(this.#components.limits.negotiationTimeoutMs)
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new NetworkError('call-abandoned', 'failed')
}
