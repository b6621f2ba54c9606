import type { GateQuestion, Waiting } from '../gate.ts'
import { isRequestId, isResponse, type JsonRpcMessage } from '../json-rpc.ts'
import { asMcpError, McpError } from '../mcp-error.ts'
import { errorAnswer } from '../rpc-answer.ts'
import type { ServerDefinition } from '../server-definition.ts'
import type { Backend, ServerMessage } from './backend.ts'
import { CallExit } from './call-exit.ts'
import { decide, forwarded } from './decide.ts'
import { refusalAnswer, refusedResponse } from './gatekeeper.ts'
import { ownAnswer } from './own-answer.ts'
import type { ProviderComponents } from './provider-components.ts'
import { Router } from './router.ts'
import type { Flight, ServerCall } from './server-call.ts'
import type { Unsent } from './unsent.ts'
import { waitingOf } from './waiting.ts'

/** What a host says of a message, besides the message. */
export type Origin = Pick<GateQuestion, 'caller' | 'bytes'>

/** What a message of the server that belongs to no request comes with. */
export interface RestOrigin {
  readonly backend: Backend
  /** The answers that the server has given before. */
  readonly unsent: Unsent
}

export interface ServerSessionInit {
  readonly definition: ServerDefinition
  readonly components: ProviderComponents
  /** Where it is one of a host: as the consumer named it. */
  readonly session?: string
  /** Takes what belongs to no request. */
  readonly rest: (message: JsonRpcMessage, origin: RestOrigin) => Promise<void>
}

/**
 * One running server for one caller, with the gate in front of it.
 *
 * The server is started by the first request that the gate allows, so that a caller to whom nothing
 * is allowed starts nothing. A ping does not start it: until there is a server, the session answers. When it is gone, every request in flight is answered and the session is
 * over; no server is ever started again under a session that has spoken with one before.
 */
export class ServerSession {
  readonly #init: ServerSessionInit
  readonly #router: Router<Flight>
  readonly #exit: CallExit
  readonly #ended = Promise.withResolvers<McpError>()
  readonly #over = new AbortController()
  #backend: Promise<Backend> | undefined
  #reason: McpError | undefined

  constructor(init: ServerSessionInit) {
    this.#init = init
    const { components, definition } = init
    this.#router = new Router(components.limits.inFlightMax)
    this.#exit = new CallExit({ ...components, router: this.#router, server: definition.name })
  }

  /** Resolves with the reason once the session is over and its server gone. */
  get ended(): Promise<McpError> {
    return this.#ended.promise
  }

  /** Runs once when the session is over and its server gone. */
  onEnded(action: () => void): void {
    void this.#ended.promise.then(action)
  }

  /** Whether it is over, or about to be: it takes no more requests. */
  get over(): boolean {
    return this.#reason !== undefined
  }

  get inFlight(): number {
    return this.#router.size
  }

  /** Takes a request. Its route is finished exactly once, unless its signal is aborted before. */
  async request(call: ServerCall): Promise<void> {
    const startedMs = this.#init.components.clock.monotonicMs()
    const unknown = { allowed: undefined, end: undefined }
    const flight: Flight = { ...call, startedMs, forwarded: false, ...unknown }
    try {
      if (this.#reason !== undefined) throw this.#reason
      this.#router.add(call.sent, flight)
    } catch (error) {
      const reason = asMcpError(error, 'session-ended', 'the session is over')
      return call.route.finish(call.route.prepare(errorAnswer(call.asked.id, reason)))
    }
    call.signal.addEventListener('abort', () => this.#abandon(flight), { once: true })
    if (call.signal.aborted) this.#abandon(flight)
    try {
      const waiting = (): Waiting => waitingOf(call, this.#over.signal)
      const { components } = this.#init
      const verdict = await decide(components, this.#question(call.asked, call), waiting)
      if (!verdict.allowed) {
        return await this.#exit.finish(flight, refusalAnswer(call.asked, verdict))
      }
      if (verdict.call !== undefined) this.#exit.allow(flight, verdict.call)
      if (call.asked.method === 'ping' && this.#backend === undefined) {
        const pong: JsonRpcMessage = { jsonrpc: '2.0', id: call.asked.id, result: {} }
        return await this.#exit.finish(flight, pong)
      }
      // Given up while the gate was asked: what nobody waits for starts no server.
      if (hasEnded(flight)) return undefined
      const backend = await this.#running()
      if (hasEnded(flight)) return undefined
      flight.forwarded = true
      await backend.send(forwarded(call.sent, verdict))
    } catch (error) {
      const reason = asMcpError(error, 'server-unreachable', 'the server could not be reached')
      return this.#exit.finish(flight, errorAnswer(call.asked.id, reason), reason.code)
    }
    return undefined
  }

  /**
   * Takes a notification or an answer to a nested request. A refused one goes nowhere, except that
   * the server is told of a refused answer.
   *
   * @throws McpError when the server is gone
   */
  async tell(message: JsonRpcMessage, origin: Origin): Promise<void> {
    const verdict = await decide(this.#init.components, this.#question(message, origin))
    const told = verdict.allowed ? forwarded(message, verdict) : refusedResponse(message, verdict)
    // Where no server has been asked for anything yet, there is nobody to tell.
    const backend = await this.#backend
    if (told !== undefined) await backend?.send(told)
  }

  /** Ends the server, answers what is in flight and waits until the server is gone and the gate knows of the ends. */
  async stop(reason: McpError): Promise<void> {
    if (this.#reason === undefined) {
      const { components } = this.#init
      this.#reason = reason
      this.#over.abort(reason)
      for (const flight of this.#router.takeAll()) {
        // Owned by the route: its stream may be slow, and the server's end must not wait for that.
        void this.#exit.finish(flight, errorAnswer(flight.asked.id, reason), reason.code)
      }
      const { records } = components
      await Promise.all([this.#stopBackend(), records.within(records.reached())])
      this.#ended.resolve(this.#reason)
    }
    await this.#ended.promise
  }

  #running(): Promise<Backend> {
    if (this.#reason !== undefined) return Promise.reject(this.#reason)
    this.#backend ??= this.#start()
    return this.#backend
  }

  async #start(): Promise<Backend> {
    const { definition, components } = this.#init
    try {
      const backend = await components.start(definition)
      this.#pump(backend).catch((error: unknown) => {
        // The pump answers for its own errors; what arrives here is a mistake of ours.
        components.logger.log('error', 'session-pump-failed', { message: String(error) })
      })
      return backend
    } catch (error) {
      const reason = asMcpError(error, 'server-start-failed', 'the server could not be started')
      void this.stop(reason)
      throw reason
    }
  }

  async #stopBackend(): Promise<void> {
    try {
      const backend = await this.#backend
      await backend?.stop()
    } catch {
      // It never started, and whoever asked for it has been told.
    }
  }

  async #pump(backend: Backend): Promise<void> {
    let reason: McpError
    try {
      for await (const incoming of backend.messages) await this.#dispatch(incoming, backend)
      await backend.stop()
      reason = await backend.gone
    } catch (error) {
      const sentence = `the server "${this.#init.definition.name}" said what cannot be relayed`
      reason = new McpError('server-answer-unacceptable', sentence, { cause: error })
    }
    await this.stop(reason)
  }

  async #dispatch(incoming: ServerMessage, backend: Backend): Promise<void> {
    const { message } = incoming
    try {
      if (isResponse(message) && isRequestId(message.id)) {
        const flight = this.#router.get(message.id)
        // A response to a request that was cancelled, or never made, is nobody's.
        if (flight === undefined) return
        const given = incoming.failure === undefined ? ownAnswer(message) : incoming
        await this.#exit.finish(flight, given.message, given.failure)
        return
      }
      const flight = this.#router.find(incoming)
      await (flight === undefined
        ? this.#init.rest(message, { backend, unsent: this.#exit.unsent })
        : flight.route.deliver(message))
    } catch {
      // Its stream is gone, which that stream's own task deals with; the others go on.
    }
  }

  #abandon(flight: Flight): void {
    if (!this.#exit.abandon(flight) || !flight.forwarded) return
    this.#backend
      ?.then((backend) => backend.cancel(flight.sent.id))
      .catch(() => {
        // The server is gone, and with it the request.
      })
  }

  #question(message: JsonRpcMessage, { caller, bytes }: Origin): GateQuestion {
    const { definition, session } = this.#init
    const question = { caller, server: definition.name, message, bytes }
    return session === undefined ? question : { ...question, session }
  }
}

/** Asked again after a wait, in which it may have ended. */
function hasEnded({ end }: Flight): boolean {
  return end !== undefined
}
