import type { IncomingMessage, ServerResponse } from 'node:http'
import type { JsonObject, RandomSource } from '@warren/core'
import { clientNameIn } from '../../consumer/client-name.ts'
import { isRequest } from '../../json-rpc.ts'
import { McpError } from '../../mcp-error.ts'
import { MessageError } from '../../message-door.ts'
import { MESSAGE_LIMITS, type MessageLimits } from '../../message-limits.ts'
import { type Logger, type Scheduler, systemScheduler } from '../../ports.ts'
import { errorAnswer } from '../../rpc-answer.ts'
import type { Catalog, Endpoint } from '../endpoint.ts'
import { EntryError } from './entry-error.ts'
import { ExchangeRoute } from './exchange-route.ts'
import { HTTP_LIMITS, type HttpLimits } from './http-limits.ts'
import { HttpSessions } from './http-sessions.ts'
import { checkLocalRequest } from './local-request.ts'
import { LoopbackListener } from './loopback-listener.ts'
import { McpRoute } from './mcp-route.ts'
import { type Sha256, TokenCheck } from './token-check.ts'

/** Whether hosts can work here now, and if not, why. */
export interface Readiness {
  readonly ready: boolean
  /** Sentences for people, such as "no peer is connected". */
  readonly reasons: readonly string[]
  /** The state of each peer and server. */
  readonly details?: JsonObject
}

export interface HttpEntryInit {
  /** 0 for a free port. */
  readonly port: number
  /** At least one; each at least `tokenLengthMin` characters. */
  readonly tokens: readonly string[]
  readonly limits?: Partial<HttpLimits>
  readonly messageLimits?: MessageLimits
  readonly scheduler?: Scheduler
}

/** What the HTTP entry needs from the node. */
export interface HttpEntryComponents {
  /** What stands behind `/mcp/s/<alias>`. */
  readonly catalog: Catalog
  /** What stands behind `/mcp`. */
  readonly aggregate: Endpoint
  readonly random: RandomSource
  readonly sha256: Sha256
  readonly logger: Logger
  readiness(): Readiness
}

const AGGREGATE_PATH = '/mcp'
const SERVER_PATH = /^\/mcp\/s\/([A-Za-z0-9][A-Za-z0-9_.-]{0,63})$/

/**
 * The HTTP door for AI hosts of this machine: Streamable HTTP of both eras on loopback, for the
 * aggregate (`/mcp`) and for each server (`/mcp/s/<alias>`), with `/health` and `/ready`.
 *
 * A request must name this machine as its host, come from no other site, and show a token.
 */
export class HttpEntry {
  readonly #port: number
  readonly #components: HttpEntryComponents
  readonly #tokens: TokenCheck
  readonly #sessions: HttpSessions
  readonly #exchanges: ExchangeRoute
  readonly #route: McpRoute
  readonly #listener: LoopbackListener
  #boundPort = 0

  /** @throws EntryError `token-too-short` */
  constructor(init: HttpEntryInit, components: HttpEntryComponents) {
    const limits = { ...HTTP_LIMITS, ...init.limits }
    const shared = {
      limits,
      scheduler: init.scheduler ?? systemScheduler,
      random: components.random,
    }
    this.#port = init.port
    this.#components = components
    this.#tokens = new TokenCheck(init.tokens, components.sha256, limits.tokenLengthMin)
    this.#sessions = new HttpSessions(shared)
    this.#exchanges = new ExchangeRoute(shared)
    this.#route = new McpRoute({
      ...shared,
      sessions: this.#sessions,
      exchanges: this.#exchanges,
      messageLimits: init.messageLimits ?? MESSAGE_LIMITS,
      unsent: async (unsent) => components.catalog.unsent?.(unsent),
    })
    this.#listener = new LoopbackListener(limits, (request, response) => {
      void this.#serve(request, response)
    })
  }

  /** The port that is listened on, 0 before `start`. */
  get port(): number {
    return this.#boundPort
  }

  /** Legacy sessions that are open. */
  get sessions(): number {
    return this.#sessions.size
  }

  /** @throws EntryError `port-taken` */
  async start(): Promise<void> {
    this.#boundPort = await this.#listener.start(this.#port)
  }

  /** Ends every session and connection. */
  async stop(): Promise<void> {
    await this.#sessions.stop()
    this.#exchanges.stop()
    await this.#listener.stop()
  }

  /** Never rejects: what goes wrong is answered, or has lost the host that asked. */
  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A host that goes away in the middle shows by `close`; the error says nothing more.
    response.on('error', () => {})
    try {
      await this.#dispatch(request, response)
    } catch (error) {
      if (response.headersSent) response.destroy()
      else this.#refuse(request, response, error)
    }
  }

  async #dispatch(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = checkLocalRequest(request, this.#boundPort)
    if (path === '/health')
      return answerGet(request, response, { status: 200, body: { status: 'ok' } })
    const holder = this.#tokens.holderOf(request)
    if (path === '/ready') {
      const readiness = this.#components.readiness()
      return answerGet(request, response, { status: readiness.ready ? 200 : 503, body: readiness })
    }
    const endpoint = this.#endpointOf(path)
    if (endpoint !== undefined) {
      const named = path === AGGREGATE_PATH ? {} : { alias: aliasIn(path) }
      return this.#route.serve({ request, response, endpoint, owner: { holder, path }, ...named })
    }
    return this.#refuseAbsent(request, aliasIn(path))
  }

  /** What a host asks of a server that is not here is told to whoever writes it down, where it can be read. */
  async #refuseAbsent(request: IncomingMessage, alias: string): Promise<never> {
    const refusal = new EntryError(
      'server-not-here',
      `there is no server "${alias}" here, or its peer is away`,
    )
    const message = await this.#route.read(request)
    if (message !== undefined && isRequest(message)) {
      const { catalog } = this.#components
      const client = clientNameIn(message)
      const who = client === undefined ? {} : { client }
      await catalog.unsent?.({ request: message, alias, ...who, code: refusal.code })
    }
    throw refusal
  }

  #endpointOf(path: string): Endpoint | undefined {
    if (path === AGGREGATE_PATH) return this.#components.aggregate
    return this.#components.catalog.endpoint(aliasIn(path))
  }

  #refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const { status, body, code } = refusalOf(error)
    if (status === 500) {
      const name = error instanceof Error ? error.name : typeof error
      this.#components.logger.log('error', 'http-entry-defect', { name })
    } else {
      this.#components.logger.log('debug', 'http-entry-refused', { status, code })
    }
    if (status === 401) response.setHeader('www-authenticate', 'Bearer realm="warren"')
    if (status === 405) response.setHeader('allow', 'GET, POST, DELETE')
    // The rest of a body that is not wanted would be read as the next request's beginning.
    if (!request.complete) response.setHeader('connection', 'close')
    send(response, status, body)
  }
}

/** @throws EntryError `path-unknown` */
function aliasIn(path: string): string {
  const [, alias] = SERVER_PATH.exec(path) ?? []
  if (alias !== undefined) return alias
  throw new EntryError('path-unknown', 'there is nothing at this path')
}

interface Refusal {
  readonly status: number
  readonly code: string
  readonly body: JsonObject
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof MessageError) {
    const status = error.code === 'message-too-long' ? 413 : 400
    return { status, code: error.code, body: errorAnswer(error.id, error) }
  }
  if (error instanceof McpError && error.code === 'session-ended') {
    return refusalOf(new EntryError('session-not-here', error.message))
  }
  if (error instanceof McpError) {
    return { status: 502, code: error.code, body: errorAnswer(null, error) }
  }
  if (error instanceof EntryError) {
    const { status, rpcCode } = error.answer
    return { status, code: error.code, body: rpcError(rpcCode, error.message, error.code) }
  }
  return { status: 500, code: 'defect', body: rpcError(-32_603, 'internal error', 'defect') }
}

function rpcError(rpcCode: number, message: string, code: string): JsonObject {
  return { jsonrpc: '2.0', id: null, error: { code: rpcCode, message, data: { code } } }
}

function answerGet(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body }: { readonly status: number; readonly body: object },
): void {
  if (request.method !== 'GET') {
    throw new EntryError('method-not-allowed', 'this path takes GET alone')
  }
  response.setHeader('cache-control', 'no-store')
  send(response, status, body)
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
