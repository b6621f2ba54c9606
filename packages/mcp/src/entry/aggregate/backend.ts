import type { JsonRpcNotification, JsonRpcResponse } from '../../json-rpc.ts'
import { asMcpError, McpError } from '../../mcp-error.ts'
import type { Scheduler } from '../../ports.ts'
import type { CatalogServer, Endpoint } from '../endpoint.ts'
import type { Era } from '../era.ts'
import type { AggregateLimits } from './aggregate-limits.ts'
import { BackendLink, type BackendListener, type BackendRequest } from './backend-link.ts'
import { type BackendFacts, shakeHands } from './handshake.ts'
import type { HostProfile } from './host-profile.ts'

export interface BackendInit {
  readonly server: CatalogServer
  /** Nothing when the server's owner is away. */
  readonly endpoint: () => Endpoint | undefined
  readonly profile: () => HostProfile
  readonly limits: AggregateLimits
  readonly scheduler: Scheduler
  readonly listener: BackendListener
  /** Is told after each handshake, before the first request. */
  readonly onOpen: (conversation: Conversation) => void
  /** Ends a session that nobody has used for `backendIdleMs`. */
  readonly endsWhenIdle: boolean
}

const DEATHS: ReadonlySet<string> = new Set(['server-exited', 'session-ended', 'stream-ended'])

/** A session with a backend after its handshake. */
export interface Conversation {
  readonly link: BackendLink
  readonly facts: BackendFacts
}

/** One server behind one host, opened when it is first needed and again whenever it was lost. */
export class Backend {
  readonly server: CatalogServer
  readonly #init: BackendInit
  readonly #over = new AbortController()
  #opening: Promise<Conversation> | undefined
  #stopIdle: () => void = () => {}

  constructor(init: BackendInit) {
    this.server = init.server
    this.#init = init
  }

  /**
   * The conversation, opened if it is not. All who wait share one opening, so a signal ends only the waiting.
   *
   * @throws McpError `peer-unreachable`, and what the endpoint or the server says
   */
  async open(signal: AbortSignal): Promise<Conversation> {
    signal.throwIfAborted()
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    const { promise, reject } = Promise.withResolvers<never>()
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await Promise.race([this.#opening, promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#watchIdle()
    }
  }

  /** @throws McpError, and the signal's reason */
  async ask(request: BackendRequest): Promise<JsonRpcResponse> {
    const { link } = await this.open(request.signal)
    this.#stopIdle()
    try {
      return await link.ask(request)
    } finally {
      this.#watchIdle()
    }
  }

  /** Tells a backend that is there; one that is not has nothing to be told. */
  async tell(notification: JsonRpcNotification): Promise<void> {
    try {
      const conversation = await this.#opening
      await conversation?.link.tell(notification)
    } catch {
      // The session did not come to be or is over: the next one begins with a handshake that says it all.
    }
  }

  /** Sets the level from which on a legacy backend logs; others are told with each request. */
  async setLogLevel(level: string): Promise<void> {
    try {
      const conversation = await this.#opening
      if (conversation === undefined || conversation.facts.era === 'modern') return
      if (!('logging' in conversation.facts.capabilities)) return
      const { link } = conversation
      await link.ask({ method: 'logging/setLevel', params: { level }, signal: link.over })
    } catch {
      // The session is over: the next one begins with the level of then.
    }
  }

  end(reason: McpError): void {
    this.#stopIdle()
    this.#over.abort(reason)
    // An opening that fails because of this has been told to whoever waits for it.
    this.#opening?.then(({ link }) => link.end(reason)).catch(() => {})
  }

  async #open(): Promise<Conversation> {
    const { server, limits, scheduler } = this.#init
    const endpoint = this.#init.endpoint()
    if (endpoint === undefined) {
      throw new McpError('peer-unreachable', `the peer that owns "${server.alias}" is away`)
    }
    const late = new AbortController()
    const cancel = scheduler.after(limits.openMs, () => {
      late.abort(new McpError('peer-unreachable', `"${server.alias}" did not open in time`))
    })
    const signal = AbortSignal.any([late.signal, this.#over.signal])
    try {
      return await this.#converse(endpoint, signal)
    } catch (error) {
      throw asMcpError(error, 'peer-unreachable', `"${server.alias}" cannot be reached`)
    } finally {
      cancel()
    }
  }

  /** Some legacy servers die of a question that is no handshake: those are met again, with the handshake alone. */
  async #converse(endpoint: Endpoint, signal: AbortSignal): Promise<Conversation> {
    if (this.#init.profile().era === 'legacy') {
      return this.#greet(endpoint, ['legacy', 'modern'], signal)
    }
    try {
      return await this.#greet(endpoint, ['modern', 'legacy'], signal)
    } catch (error) {
      const died = error instanceof McpError && DEATHS.has(error.code)
      if (!died || signal.aborted) throw error
      return this.#greet(endpoint, ['legacy'], signal)
    }
  }

  async #greet(
    endpoint: Endpoint,
    eras: readonly Era[],
    signal: AbortSignal,
  ): Promise<Conversation> {
    const { limits, listener, profile } = this.#init
    const link = await BackendLink.open(endpoint, { limits, listener }, signal)
    try {
      const facts = await shakeHands(link, { profile: profile(), eras }, signal)
      return this.#established({ link, facts })
    } catch (error) {
      link.end(asMcpError(error, 'session-ended', 'the handshake failed'))
      throw error
    }
  }

  #established(conversation: Conversation): Conversation {
    conversation.link.over.addEventListener('abort', () => (this.#opening = undefined), {
      once: true,
    })
    if (conversation.link.over.aborted) this.#opening = undefined
    this.#init.onOpen(conversation)
    return conversation
  }

  #watchIdle(): void {
    if (!this.#init.endsWhenIdle) return
    this.#stopIdle()
    this.#stopIdle = this.#init.scheduler.after(this.#init.limits.backendIdleMs, () => {
      void this.#endIfIdle()
    })
  }

  async #endIfIdle(): Promise<void> {
    try {
      const conversation = await this.#opening
      if (conversation === undefined) return
      if (conversation.link.inFlight > 0) this.#watchIdle()
      else conversation.link.end(new McpError('server-idle', 'nobody has used the server for long'))
    } catch {
      // It did not open, so there is nothing to end.
    }
  }
}
