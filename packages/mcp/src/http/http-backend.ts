import type { IncomingMessage } from 'node:http'
import { Handoff } from '../handoff.ts'
import {
  isRequest,
  isResponse,
  type JsonRpcMessage,
  type JsonRpcRequest,
  type RequestId,
} from '../json-rpc.ts'
import { asMcpError, McpError } from '../mcp-error.ts'
import { encodeMessage, parseMessage } from '../message-door.ts'
import type { Backend, ServerMessage } from '../provider/backend.ts'
import type { ProcessBackendComponents } from '../provider/process-backend.ts'
import { errorAnswer } from '../rpc-answer.ts'
import type { HttpServer } from '../server-definition.ts'
import { endSession } from './end-session.ts'
import { EventFollower } from './event-follower.ts'
import { fieldsOf, HttpTarget, isOk } from './http-call.ts'
import { HttpSession } from './http-session.ts'
import { readBody } from './response-messages.ts'
import { ServerNotes } from './server-notes.ts'

/** One request at the server. */
interface HttpFlight {
  readonly abort: AbortController
  /** In the stateless era the end of the exchange is the cancellation. */
  readonly stateless: boolean
}

/**
 * A server behind Streamable HTTP, as messages, in both eras: what a host that does not speak HTTP
 * itself is connected to.
 *
 * Each message is a POST of its own; what comes back on its response belongs to it. In the stateful
 * era a GET stream carries the rest. A server that cannot be reached fails the request, not the
 * session; a server that has forgotten the session ends it.
 */
export class HttpBackend implements Backend {
  readonly messages: AsyncIterable<ServerMessage>
  readonly gone: Promise<McpError>
  readonly #name: string
  readonly #components: ProcessBackendComponents
  readonly #target: HttpTarget
  readonly #session = new HttpSession()
  readonly #follower: EventFollower
  readonly #notes: ServerNotes
  readonly #out = new Handoff<ServerMessage>()
  readonly #inFlight = new Map<RequestId, HttpFlight>()
  readonly #over = new AbortController()
  readonly #end = Promise.withResolvers<McpError>()
  #stopping: Promise<void> | undefined
  #untold = 0
  #broken = 0

  constructor(definition: HttpServer, components: ProcessBackendComponents) {
    this.#name = definition.name
    this.#components = components
    this.#target = new HttpTarget(definition.url, definition.headers ?? {})
    this.messages = this.#out
    this.gone = this.#end.promise
    const { scheduler } = components.processes
    this.#notes = new ServerNotes({ target: this.#target, scheduler, over: this.#over.signal })
    this.#follower = new EventFollower({
      scheduler,
      limits: components.messages,
      open: (lastEventId, signal) => this.#get(lastEventId, signal),
      broken: (error) => this.#warnBroken(error),
    })
  }

  send(message: JsonRpcMessage): Promise<void> {
    if (this.#over.signal.aborted) return Promise.reject(this.#stopped())
    return isRequest(message) ? this.#start(message) : this.#tell(message)
  }

  async cancel(id: RequestId): Promise<void> {
    const flight = this.#inFlight.get(id)
    if (flight === undefined) return
    this.#inFlight.delete(id)
    const params = { requestId: id, reason: 'the caller closed the call' }
    // A server that does not answer the note does not keep the request, whose place is free now.
    const told = flight.stateless
      ? undefined
      : this.#tell({ jsonrpc: '2.0', method: 'notifications/cancelled', params })
    flight.abort.abort(new McpError('stream-ended', 'the request was cancelled'))
    await told
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop(this.#stopped())
    return this.#stopping
  }

  /** Resolves at once: the response is followed by itself, so that requests do not wait for each other. */
  #start(request: JsonRpcRequest): Promise<void> {
    const fields = this.#session.fieldsFor(request)
    const flight = { abort: new AbortController(), stateless: 'mcp-method' in fields }
    this.#inFlight.set(request.id, flight)
    void this.#carry(request, fields, flight)
    return Promise.resolve()
  }

  /** Never rejects: whatever happens to a request is its response. */
  async #carry(
    request: JsonRpcRequest,
    fields: Readonly<Record<string, string>>,
    flight: HttpFlight,
  ): Promise<void> {
    const signal = AbortSignal.any([flight.abort.signal, this.#over.signal])
    const learn = this.#session.learning(request.method)
    try {
      const body = encodeMessage(request)
      const response = await this.#target.call({ method: 'POST', headers: fields, body, signal })
      if (!isOk(response)) {
        await this.#deliver(await this.#failure(response, request), request, flight)
        return
      }
      for await (const message of this.#follower.follow(response, signal)) {
        this.#session.hear(message)
        if (isResponse(message)) learn(message, fieldsOf(response))
        await this.#deliver({ message }, request, flight)
        if (isResponse(message)) return
      }
      throw new McpError('server-unreachable', `the server "${this.#name}" did not answer`)
    } catch (error) {
      if (signal.aborted) return
      const sentence = `the server "${this.#name}" cannot be reached`
      const reason = asMcpError(error, 'server-unreachable', sentence)
      await this.#deliver(failed(request.id, reason), request, flight)
    }
  }

  async #deliver(
    { message, failure }: ServerMessage,
    request: JsonRpcRequest,
    flight: HttpFlight,
  ): Promise<void> {
    if (this.#inFlight.get(request.id) !== flight) return
    if (!isResponse(message)) return this.#out.put({ message, relatedTo: request.id })
    this.#inFlight.delete(request.id)
    const said = { message: { ...message, id: request.id }, relatedTo: request.id }
    return this.#out.put(failure === undefined ? said : { ...said, failure })
  }

  /** What an HTTP error says about a request: the server's own JSON-RPC error where there is one. */
  async #failure(response: IncomingMessage, { id }: JsonRpcRequest): Promise<ServerMessage> {
    const { messages } = this.#components
    const status = response.statusCode ?? 0
    if (status === 404 && this.#session.id !== undefined) {
      response.destroy()
      const sentence = `the server "${this.#name}" has ended the session`
      const reason = new McpError('server-exited', sentence)
      this.#stopping ??= this.#stop(reason)
      return failed(id, reason)
    }
    const sentence = `the server "${this.#name}" answered with HTTP status ${status}`
    const plain = failed(id, new McpError('server-unreachable', sentence))
    try {
      const answer = parseMessage(await readBody(response, messages.messageBytesMax), messages)
      return isResponse(answer) && 'error' in answer ? { message: { ...answer, id } } : plain
    } catch {
      // A body that is no JSON-RPC error adds nothing to the status.
      return plain
    }
  }

  /** A notification or a response: accepted or not, nothing comes back but the status. */
  async #tell(message: JsonRpcMessage): Promise<void> {
    const headers = this.#session.fieldsFor(message)
    try {
      await this.#notes.send({ headers, body: encodeMessage(message) })
      if (message['method'] === 'notifications/initialized') void this.#listen()
    } catch (error) {
      // The sender of a notification waits for nothing, and the next request will say what is wrong.
      if (!this.#over.signal.aborted) this.#warnUntold(error)
    }
  }

  /** Only when their number doubles: callers bring them about. */
  #warnUntold(error: unknown): void {
    this.#untold += 1
    if (!Number.isInteger(Math.log2(this.#untold))) return
    const details = { server: this.#name, message: String(error), notes: this.#untold }
    this.#components.processes.logger.log('warn', 'server-not-told', details)
  }

  /** Never rejects. A server without a GET stream is a server with nothing more to say. */
  async #listen(): Promise<void> {
    const { signal } = this.#over
    try {
      for await (const message of this.#follower.listen(signal)) {
        this.#session.hear(message)
        await this.#out.put({ message })
      }
    } catch (error) {
      if (signal.aborted) return
      const { logger } = this.#components.processes
      logger.log('warn', 'server-stream-ended', { server: this.#name, message: String(error) })
    }
  }

  /** Only when their number doubles: a server can break it off whenever it likes. */
  #warnBroken(error: unknown): void {
    this.#broken += 1
    if (!Number.isInteger(Math.log2(this.#broken))) return
    const details = { server: this.#name, message: String(error), times: this.#broken }
    this.#components.processes.logger.log('warn', 'server-stream-broken', details)
  }

  #get(lastEventId: string | undefined, signal: AbortSignal): Promise<IncomingMessage> {
    const resume = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
    const headers = { accept: 'text/event-stream', ...this.#session.fields(), ...resume }
    return this.#target.call({ method: 'GET', headers, signal })
  }

  async #stop(reason: McpError): Promise<void> {
    this.#over.abort(reason)
    this.#out.close()
    await this.#endSession()
    this.#target.close()
    this.#end.resolve(reason)
  }

  async #endSession(): Promise<void> {
    if (this.#session.id === undefined) return
    const { limits, scheduler } = this.#components.processes
    const headers = this.#session.fields()
    await endSession(this.#target, { headers, scheduler, graceMs: limits.termGraceMs })
  }

  #stopped(): McpError {
    return new McpError('stopped', `the session with the server "${this.#name}" was closed`)
  }
}

/** The response that the server has not given. */
function failed(id: RequestId, reason: McpError): ServerMessage {
  return { message: errorAnswer(id, reason), failure: reason.code }
}
