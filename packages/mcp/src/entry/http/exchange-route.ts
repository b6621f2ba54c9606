import assert from 'node:assert/strict'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { ExchangeRequest, ExchangeResponse } from '../../consumer/exchange.ts'
import type { JsonRpcMessage } from '../../json-rpc.ts'
import { asMcpError, McpError } from '../../mcp-error.ts'
import type { Scheduler } from '../../ports.ts'
import { EntryError } from './entry-error.ts'
import { withoutStalling } from './event-stream.ts'
import type { HttpLimits } from './http-limits.ts'
import type { SessionOwner } from './http-sessions.ts'
import type { Visit } from './visit.ts'

/** Sessions of HTTP servers that are remembered; the oldest is forgotten, and then refused. */
const SESSIONS_MAX = 1_024

export interface ExchangeRouteInit {
  readonly scheduler: Scheduler
  readonly limits: HttpLimits
}

/** Carries HTTP requests as they are to a server that speaks HTTP itself, and its responses back. */
export class ExchangeRoute {
  readonly #init: ExchangeRouteInit
  /** The servers gave the session ids; we keep to whom, since two servers may give one id. */
  readonly #given = new Set<string>()

  constructor(init: ExchangeRouteInit) {
    this.#init = init
  }

  /**
   * Serves a request whose endpoint speaks HTTP. When it throws, nothing of the response has been sent.
   *
   * @throws EntryError `session-not-here`, `method-not-allowed`; McpError what the peer says
   */
  async serve(
    { request, response, endpoint, owner }: Visit,
    message: JsonRpcMessage | undefined,
  ): Promise<void> {
    this.#checkOwner(request, owner)
    assert(endpoint.exchange !== undefined)
    const gone = new AbortController()
    response.once('close', () => gone.abort(new McpError('host-gone', 'the host has left')))
    const carried = await endpoint.exchange(
      { ...lineOf(request), ...(message === undefined ? {} : { message }) },
      gone.signal,
    )
    const id = carried.headers['mcp-session-id']
    if (id !== undefined) this.#remember(id, owner)
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

  #checkOwner({ headers }: IncomingMessage, owner: SessionOwner): void {
    const id = headers['mcp-session-id']
    if (typeof id !== 'string') return
    if (this.#given.has(keyOf(id, owner))) return
    throw new EntryError('session-not-here', 'there is no such session; initialize a new one')
  }

  #remember(id: string, owner: SessionOwner): void {
    const key = keyOf(id, owner)
    this.#given.delete(key)
    this.#given.add(key)
    for (const oldest of this.#given) {
      if (this.#given.size <= SESSIONS_MAX) break
      this.#given.delete(oldest)
    }
  }
}

function keyOf(id: string, { holder, path }: SessionOwner): string {
  return JSON.stringify([holder, path, id])
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
