import type { IncomingMessage } from 'node:http'
import { clientNameIn } from '../../consumer/client-name.ts'
import {
  isRequest,
  isResponse,
  type JsonRpcMessage,
  type JsonRpcRequest,
  type JsonRpcResponse,
  objectAt,
} from '../../json-rpc.ts'
import { asMcpError, McpError } from '../../mcp-error.ts'
import type { MessageLimits } from '../../message-limits.ts'
import type { Scheduler } from '../../ports.ts'
import { errorAnswer } from '../../rpc-answer.ts'
import type { Catalog } from '../endpoint.ts'
import { EntryError } from './entry-error.ts'
import { EventStream } from './event-stream.ts'
import type { ExchangeRoute } from './exchange-route.ts'
import type { HttpLimits } from './http-limits.ts'
import type { HttpSessions } from './http-sessions.ts'
import { PostReply } from './post-reply.ts'
import { readBody } from './read-body.ts'
import { eraOf } from './request-era.ts'
import type { Visit } from './visit.ts'

export interface McpRouteInit {
  readonly sessions: HttpSessions
  readonly exchanges: ExchangeRoute
  readonly scheduler: Scheduler
  readonly limits: HttpLimits
  readonly messageLimits: MessageLimits
  /** Told of a request that was refused before it came to its endpoint. Never rejects. */
  readonly unsent: NonNullable<Catalog['unsent']>
}

/** Streamable HTTP: what a request means for the endpoint behind its path, in either era. */
export class McpRoute {
  readonly #init: McpRouteInit

  constructor(init: McpRouteInit) {
    this.#init = init
  }

  /** @throws EntryError, MessageError, McpError: nothing of the response has been sent then */
  async serve(visit: Visit): Promise<void> {
    const { request, endpoint } = visit
    if (request.method === 'POST') return this.#post(visit)
    if (request.method !== 'GET' && request.method !== 'DELETE') {
      throw new EntryError('method-not-allowed', 'this path takes POST, GET and DELETE')
    }
    if (endpoint.exchange !== undefined) return this.#init.exchanges.serve(visit, undefined)
    return request.method === 'GET' ? this.#stream(visit) : this.#end(visit)
  }

  /** The message of a request that is not served, where it has one that passes the door. */
  async read(request: IncomingMessage): Promise<JsonRpcMessage | undefined> {
    if (request.method !== 'POST') return undefined
    try {
      return await readBody(request, this.#init.messageLimits)
    } catch (error) {
      // What is wrong with it does not matter: it is refused whatever it says.
      if (error instanceof EntryError || error instanceof McpError) return undefined
      throw error
    }
  }

  async #post(visit: Visit): Promise<void> {
    const { request } = visit
    checkAccepts(request, ['application/json', 'text/event-stream'])
    const message = await readBody(request, this.#init.messageLimits)
    try {
      await this.#take(visit, message)
    } catch (error) {
      if (isRequest(message) && isRefusal(error)) {
        const client = clientNameIn(message)
        const alias = visit.alias === undefined ? {} : { alias: visit.alias }
        const who = client === undefined ? {} : { client }
        await this.#init.unsent({ request: message, ...alias, ...who, code: error.code })
      }
      throw error
    }
  }

  async #take(visit: Visit, message: JsonRpcMessage): Promise<void> {
    const { request, response, endpoint, owner } = visit
    const era = eraOf(message, request.headers)
    if (endpoint.exchange !== undefined) return this.#exchange(visit, message)
    if (era === 'stateless') return this.#once(visit, message)
    const id = sessionIdOf(request)
    if (id === undefined && isRequest(message) && message.method === 'initialize') {
      return this.#open(visit, message)
    }
    const { channel } = this.#init.sessions.find(id, owner)
    if (isRequest(message)) return channel.ask(message, new PostReply(response, this.#init))
    await channel.accept(message)
    response.writeHead(202).end()
    return undefined
  }

  async #exchange(visit: Visit, message: JsonRpcMessage): Promise<void> {
    try {
      await this.#init.exchanges.serve(visit, message)
    } catch (error) {
      if (!(error instanceof McpError) || !isRequest(message)) throw error
      await new PostReply(visit.response, this.#init).finish(errorAnswer(message.id, error))
    }
  }

  async #open({ response, endpoint, owner }: Visit, initialize: JsonRpcRequest): Promise<void> {
    const { sessions } = this.#init
    try {
      const session = await sessions.open(endpoint, owner)
      const headers = { 'mcp-session-id': session.id }
      const reply = new PostReply(response, { ...this.#init, headers })
      reply.onRefused(() => sessions.end(session))
      await session.channel.ask(initialize, reply)
    } catch (error) {
      if (!(error instanceof McpError)) throw error
      await new PostReply(response, this.#init).finish(errorAnswer(initialize.id, error))
    }
  }

  async #stream({ request, response, owner }: Visit): Promise<void> {
    checkAccepts(request, ['text/event-stream'])
    const { channel } = this.#init.sessions.find(sessionIdOf(request), owner)
    await channel.attach(() => new EventStream(response, this.#init))
  }

  #end({ request, response, owner }: Visit): void {
    this.#init.sessions.end(this.#init.sessions.find(sessionIdOf(request), owner))
    response.writeHead(200).end()
  }

  /** One message of the stateless era. A notification there has no session to which it could belong. */
  async #once({ response, endpoint }: Visit, message: JsonRpcMessage): Promise<void> {
    if (!isRequest(message)) {
      response.writeHead(202).end()
      return
    }
    const reply = new PostReply(response, this.#init)
    try {
      for await (const answer of endpoint.request(message, reply.gone)) {
        if (isResponse(answer)) await reply.finish(answer, statusOf(answer))
        else await reply.note(answer)
      }
    } catch (error) {
      const reason = asMcpError(error, 'host-gone', 'the host is gone')
      // A host that left has cancelled its request, and there is nobody to be told.
      if (reason.code !== 'host-gone') await reply.finish(errorAnswer(message.id, reason))
    }
  }
}

/** MCP 2026-07-28 gives some errors an HTTP status of their own, so that they are seen without the body. */
const STATUS_BY_CODE: ReadonlyMap<number, number> = new Map([
  [-32_601, 404],
  [-32_020, 400],
  [-32_021, 400],
  [-32_022, 400],
])

function statusOf(answer: JsonRpcResponse): number {
  const { code } = objectAt(answer, 'error')
  return (typeof code === 'number' ? STATUS_BY_CODE.get(code) : undefined) ?? 200
}

/** Whether a request was refused here, in a session that has gone or before one. */
function isRefusal(error: unknown): error is EntryError | McpError {
  return (
    error instanceof EntryError || (error instanceof McpError && error.code === 'session-ended')
  )
}

function sessionIdOf({ headers }: IncomingMessage): string | undefined {
  const id = headers['mcp-session-id']
  return typeof id === 'string' ? id : undefined
}

/** @throws EntryError `not-acceptable` */
function checkAccepts({ headers }: IncomingMessage, types: readonly string[]): void {
  const ranges = (headers.accept ?? '').split(',').map((range) => {
    const [type = ''] = range.split(';')
    return type.trim().toLowerCase()
  })
  const accepted = new Set(ranges)
  if (accepted.has('*/*') || types.every((type) => accepted.has(type))) return
  throw new EntryError('not-acceptable', `the client must accept ${types.join(' and ')}`)
}
