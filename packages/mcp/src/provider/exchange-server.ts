import type { IncomingMessage } from 'node:http'
import { encodeControlLine } from '../control-line.ts'
import { requestFields, responseFields } from '../http/header-fields.ts'
import { fieldsOf, HttpTarget } from '../http/http-call.ts'
import { chunksOf } from '../http/response-messages.ts'
import type { JsonRpcMessage } from '../json-rpc.ts'
import { asMcpError, type McpError } from '../mcp-error.ts'
import type { HttpServer } from '../server-definition.ts'
import type { ExchangeHeader } from '../stream-header.ts'
import { StreamWriter } from '../stream-writer.ts'
import { ExchangeAdmission } from './exchange-admission.ts'
import { encodeReply } from './exchange-reply.ts'
import { type BoundSession, HttpSessions } from './http-sessions.ts'
import type { ProviderComponents } from './provider-components.ts'
import type { Scope } from './scope.ts'
import type { ServedStream } from './served-stream.ts'

/** Ours, not the caller's: under another charset the server would read another message than the gate has. */
const JSON_TYPE = { 'content-type': 'application/json' }

/** The way to a server, for as long as its definition stands. */
interface Way {
  readonly server: string
  readonly target: HttpTarget
  /** Ends the exchanges under way when the definition is withdrawn. */
  readonly withdrawn: AbortController
}

/** An exchange that was let pass. */
interface PassingExchange {
  readonly header: ExchangeHeader
  readonly definition: HttpServer
  readonly message: JsonRpcMessage | undefined
}

/**
 * Passes HTTP exchanges through to servers that speak Streamable HTTP: the body parsed, decided on
 * and serialised again, the header fields by an allow-list, the response as it comes. Either end of
 * an exchange ends the other.
 */
export class ExchangeServer {
  readonly #components: ProviderComponents
  readonly #ways = new Map<string, Way>()
  readonly #sessions: HttpSessions
  readonly #admission: ExchangeAdmission

  constructor(components: ProviderComponents) {
    this.#components = components
    const { sessionsPerCallerMax } = components.limits
    this.#sessions = new HttpSessions(sessionsPerCallerMax, (session) => {
      void this.#endAtServer(session)
    })
    this.#admission = new ExchangeAdmission(components, this.#sessions)
  }

  get sessions(): number {
    return this.#sessions.size
  }

  /**
   * `find` gives the definition in force, which may change while the caller is still sending.
   *
   * @throws McpError when the server cannot be reached; the stream is then still without an answer
   */
  async serve(served: ServedStream, header: ExchangeHeader, find: () => HttpServer): Promise<void> {
    const writer = new StreamWriter(served.stream)
    const passage = await this.#admission.admit(served, header)
    if (passage.passes) {
      const { message } = passage
      await this.#pass(served, writer, { header, definition: find(), message })
    } else {
      await writer.write(...encodeReply(passage.reply))
    }
    await writer.end()
  }

  /** Ends the sessions at the servers: those of one caller, of one server with all that is under way there, or all. */
  async stop(reason: McpError, scope: Scope): Promise<void> {
    const sessions = this.#sessions.take(scope)
    const ways = scope.did === undefined ? this.#takeWays(scope.server) : []
    for (const { withdrawn } of ways) withdrawn.abort(reason)
    const targets = new Map(ways.map((way) => [way.server, way.target]))
    await Promise.all(
      sessions.map((session) => this.#endAtServer(session, targets.get(session.server))),
    )
    for (const { target } of ways) target.close()
  }

  /** Takes ways out, so that an exchange that begins now goes by the definition in force. */
  #takeWays(server: string | undefined): readonly Way[] {
    const taken = [...this.#ways.values()].filter((way) => (server ?? way.server) === way.server)
    for (const way of taken) this.#ways.delete(way.server)
    return taken
  }

  async #pass(
    { stream, caller }: ServedStream,
    writer: StreamWriter,
    { header, definition, message }: PassingExchange,
  ): Promise<void> {
    const response = await this.#ask(stream.signal, { header, definition, message })
    try {
      const session = { did: caller.did, server: definition.name }
      const headers = this.#headersBack(response, { header, message, session })
      const status = response.statusCode ?? 502
      await writer.write(encodeControlLine({ type: 'ok', body: { status, headers } }))
      for await (const chunk of chunksOf(response)) await writer.write(chunk)
    } catch (error) {
      // The head is on its way, so that only cutting the stream can say that the body is not whole.
      stream.abort(asMcpError(error, 'server-unreachable', 'the response was cut off'))
      throw error
    } finally {
      response.destroy()
    }
  }

  async #ask(signal: AbortSignal, exchange: PassingExchange): Promise<IncomingMessage> {
    const { header, definition, message } = exchange
    const fields = requestFields(header.headers)
    const content =
      message === undefined
        ? { headers: fields }
        : { headers: { ...fields, ...JSON_TYPE }, body: Buffer.from(JSON.stringify(message)) }
    try {
      const { method } = header
      const { target, withdrawn } = this.#way(definition)
      const ended = AbortSignal.any([signal, withdrawn.signal])
      return await target.call({ method, signal: ended, ...content })
    } catch (error) {
      const sentence = `the server "${definition.name}" cannot be reached`
      throw asMcpError(error, 'server-unreachable', sentence)
    }
  }

  /** Binds a session that begins to its caller, forgets one that has ended, and passes on no other session's id. */
  #headersBack(
    response: IncomingMessage,
    exchange: {
      readonly header: ExchangeHeader
      readonly message: JsonRpcMessage | undefined
      readonly session: Omit<BoundSession, 'id'>
    },
  ): Record<string, string> {
    const { header, message, session } = exchange
    const { 'mcp-session-id': given, ...headers } = responseFields(fieldsOf(response))
    const { statusCode = 0 } = response
    const asked = header.headers['mcp-session-id']
    if (
      asked !== undefined &&
      (statusCode === 404 || (header.method === 'DELETE' && statusCode < 300))
    ) {
      this.#sessions.release({ ...session, id: asked })
    }
    if (given === undefined) return headers
    const begins = message?.['method'] === 'initialize' && statusCode < 300
    if (begins && asked === undefined) this.#sessions.bind({ ...session, id: given })
    else if (given !== asked) return headers
    return { ...headers, 'mcp-session-id': given }
  }

  #way({ name, url, headers = {} }: HttpServer): Way {
    const known = this.#ways.get(name)
    if (known !== undefined) return known
    const target = new HttpTarget(url, headers)
    const way = { server: name, target, withdrawn: new AbortController() }
    this.#ways.set(name, way)
    return way
  }

  async #endAtServer(
    { server, id }: BoundSession,
    target: HttpTarget | undefined = this.#ways.get(server)?.target,
  ): Promise<void> {
    const { scheduler, limits } = this.#components
    const late = new AbortController()
    const inTime = scheduler.after(limits.termGraceMs, () => late.abort())
    try {
      const headers = { 'mcp-session-id': id }
      const response = await target?.call({ method: 'DELETE', headers, signal: late.signal })
      response?.resume()
    } catch {
      // A server that is gone, or slow to part, forgets the session by itself.
    }
    inTime()
  }
}
