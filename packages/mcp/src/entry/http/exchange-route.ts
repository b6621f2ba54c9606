import assert from 'node:assert/strict'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { ExchangeRequest, ExchangeResponse } from '../../consumer/exchange.ts'
import type { JsonRpcMessage } from '../../json-rpc.ts'
import { asMcpError, McpError } from '../../mcp-error.ts'
import type { Scheduler } from '../../ports.ts'
import { EntryError } from './entry-error.ts'
import { withoutStalling } from './event-stream.ts'
import { GivenSessions } from './given-sessions.ts'
import type { HttpLimits } from './http-limits.ts'
import type { SessionOwner } from './http-sessions.ts'
import type { Visit } from './visit.ts'

export interface ExchangeRouteInit {
  readonly scheduler: Scheduler
  readonly limits: HttpLimits
}

/** Carries HTTP requests as they are to a server that speaks HTTP itself, and its responses back. */
export class ExchangeRoute {
  readonly #init: ExchangeRouteInit
  readonly #sessions: GivenSessions

  constructor(init: ExchangeRouteInit) {
    this.#init = init
    this.#sessions = new GivenSessions(init)
  }

  /**
   * Serves a request whose endpoint speaks HTTP. When it throws, nothing of the response has been sent.
   *
   * @throws EntryError `session-not-here`, `method-not-allowed`; McpError what the peer says
   */
  async serve(visit: Visit, message: JsonRpcMessage | undefined): Promise<void> {
    const { request, owner } = visit
    const id = request.headers['mcp-session-id']
    const asked = { ...lineOf(request), ...(message === undefined ? {} : { message }) }
    if (typeof id !== 'string') {
      return this.#carry(visit, asked, (given) => {
        if (message?.['method'] === 'initialize') this.#remember(given, owner)
      })
    }
    const session = this.#sessions.visit(id, owner)
    try {
      await this.#carry(visit, { ...asked, calls: session.calls }, ({ status }) => {
        if (isOver(request, status)) this.#sessions.end(id, owner)
      })
    } finally {
      session.leave()
    }
  }

  /** What was asked in sessions and has no answer will have none. */
  stop(): void {
    this.#sessions.stop()
  }

  /** A session begins with the response to what asks for one, and with nothing else that a server says. */
  #remember({ headers }: ExchangeResponse, owner: SessionOwner): void {
    const id = headers['mcp-session-id']
    if (id !== undefined) this.#sessions.remember(id, owner)
  }

  async #carry(
    { response, endpoint }: Visit,
    asked: ExchangeRequest,
    onHead: (head: ExchangeResponse) => void,
  ): Promise<void> {
    assert(endpoint.exchange !== undefined)
    const gone = new AbortController()
    response.once('close', () => gone.abort(new McpError('host-gone', 'the host has left')))
    const carried = await endpoint.exchange(asked, gone.signal)
    onHead(carried)
    await this.#answer(response, carried)
  }

  async #answer(response: ServerResponse, carried: ExchangeResponse): Promise<void> {
    if (response.destroyed) {
      carried.abort(new McpError('host-gone', 'the host has left'))
      return
    }
    response.once('close', () => carried.abort(new McpError('host-gone', 'the host has left')))
    response.writeHead(carried.status, { ...carried.headers })
    response.flushHeaders()
    try {
      for await (const bytes of carried.body) {
        if (!response.write(bytes)) await withoutStalling(response, this.#init)
      }
      response.end()
    } catch (error) {
      // The head is sent, so that breaking the connection is the only way to say that the body is not whole.
      carried.abort(asMcpError(error, 'stream-ended', 'the response was cut off'))
      response.destroy()
    }
  }
}

/** Whether the server has said that it knows the session no more. */
function isOver({ method }: IncomingMessage, status: number): boolean {
  return status === 404 || (method === 'DELETE' && status < 300)
}

function lineOf({ method, headers }: IncomingMessage): Pick<ExchangeRequest, 'method' | 'headers'> {
  if (method !== 'GET' && method !== 'POST' && method !== 'DELETE') {
    throw new EntryError('method-not-allowed', 'this path takes POST, GET and DELETE')
  }
  return { method, headers: single(headers) }
}

function single(headers: IncomingHttpHeaders): Record<string, string> {
  const fields = Object.entries(headers).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  return Object.fromEntries(fields)
}
