import { encodeControlLine } from '../control-line.ts'
import { isRequest, type JsonRpcRequest, metaOf } from '../json-rpc.ts'
import { asMcpError, McpError } from '../mcp-error.ts'
import type { MeshStream } from '../mesh-stream.ts'
import { encodeMessage, MessageError, parseMessage } from '../message-door.ts'
import { errorAnswer } from '../rpc-answer.ts'
import type { HttpServer, ServerDefinition } from '../server-definition.ts'
import type {
  ExchangeHeader,
  RequestHeader,
  SessionHeader,
  StreamHeader,
} from '../stream-header.ts'
import { CallerSession } from './caller-session.ts'
import { ExchangeServer } from './exchange-server.ts'
import { askGate, PROTOCOL_VERSION_META_KEY } from './gatekeeper.ts'
import type { ProviderComponents } from './provider-components.ts'
import type { ServedStream } from './served-stream.ts'
import type { Scope } from './scope.ts'
import { SessionTable } from './session-table.ts'
import { SharedServers } from './shared-servers.ts'

/** Serves a stream by its kind. A session belongs to the caller that opened it: nobody else can name it. */
export class StreamServer {
  readonly #servers: ReadonlyMap<string, ServerDefinition>
  readonly #components: ProviderComponents
  readonly #sessions: SessionTable
  readonly #shared: SharedServers
  readonly #exchanges: ExchangeServer

  constructor(servers: ReadonlyMap<string, ServerDefinition>, components: ProviderComponents) {
    this.#servers = servers
    this.#components = components
    this.#sessions = new SessionTable(components.limits)
    this.#shared = new SharedServers(components)
    this.#exchanges = new ExchangeServer(components)
  }

  /** @throws McpError when the stream is not served, or no longer */
  async serve(served: ServedStream, header: StreamHeader): Promise<void> {
    switch (header.kind) {
      case 'session':
        return this.#serveSession(served, header)
      case 'request':
        return this.#serveRequest(served, header)
      case 'exchange':
        return this.#serveExchange(served, header)
      case 'servers':
        return this.#serveList(served)
    }
  }

  /** Tells the caller why its stream is not served, and ends it. */
  async refuse(stream: MeshStream, error: unknown): Promise<void> {
    const reason = asMcpError(error, 'stream-ended', 'the provider ended the stream')
    const { logger } = this.#components
    if (reason !== error && !stream.signal.aborted) {
      logger.log('warn', 'stream-failed', { message: String(error) })
    }
    try {
      await stream.end(encodeControlLine({ type: 'failed', error: reason }))
    } catch {
      // The caller is gone already.
      stream.abort(reason)
    }
  }

  /** Ends what one caller, or one server, has running here, or everything. */
  async stop(reason: McpError, scope: Scope = {}): Promise<void> {
    await Promise.all([
      ...this.#sessions.within(scope).map((session) => session.stop(reason)),
      this.#shared.stop(reason, scope),
      this.#exchanges.stop(reason, scope),
    ])
  }

  status(): { readonly sessions: number; readonly shared: number } {
    const sessions = this.#sessions.size + this.#exchanges.sessions
    return { sessions, shared: this.#shared.size }
  }

  async #serveSession(served: ServedStream, header: SessionHeader): Promise<void> {
    const { stream, lines, caller } = served
    const definition = this.#definition(header.server)
    const components = this.#components
    const name = { caller, server: header.server, session: header.session }
    const session = this.#sessions.add(
      name,
      () => new CallerSession({ caller, definition, stream, components }),
    )
    try {
      await session.serve(lines)
    } finally {
      this.#sessions.delete(name)
    }
  }

  async #serveRequest(served: ServedStream, header: RequestHeader): Promise<void> {
    const { stream, caller } = served
    const request = await this.#readRequest(served)
    if (request === undefined) return
    try {
      const definition = this.#definition(header.server)
      const { server, session, after } = header
      if (session !== undefined) {
        await this.#sessions.get({ caller, server, session }).serveRequest(stream, request, after)
        return
      }
      if (!Object.hasOwn(metaOf(request), PROTOCOL_VERSION_META_KEY)) {
        const rule = 'a request without a session carries its protocol version'
        throw new McpError('message-invalid', rule)
      }
      await this.#shared.serveRequest(stream, request, { caller, definition })
    } catch (error) {
      if (!(error instanceof McpError)) throw error
      await stream.end(encodeMessage(errorAnswer(request.id, error)))
    }
  }

  async #serveExchange(served: ServedStream, header: ExchangeHeader): Promise<void> {
    const find = (): HttpServer => {
      const definition = this.#definition(header.server)
      if (definition.transport === 'http') return definition
      throw new McpError('server-unknown', 'the server does not speak HTTP')
    }
    find()
    await this.#exchanges.serve(served, header, find)
  }

  /** Reads the one message of a request stream; answers it here if it is none. */
  async #readRequest({ stream, lines }: ServedStream): Promise<JsonRpcRequest | undefined> {
    const { limits } = this.#components
    const line = await lines.next(limits.messageBytesMax)
    if (line === undefined) throw new McpError('message-invalid', 'the stream holds no request')
    try {
      const message = parseMessage(line, limits)
      if (isRequest(message)) return message
      throw new MessageError('message-invalid', 'a request stream carries one request')
    } catch (error) {
      if (!(error instanceof MessageError)) throw error
      await stream.end(encodeMessage(errorAnswer(error.id, error)))
      return undefined
    }
  }

  /** A server is shown to whoever may list what it offers. */
  async #serveList({ stream, caller }: ServedStream): Promise<void> {
    const servers = []
    for (const { name, title = name, transport } of this.#servers.values()) {
      const message = { jsonrpc: '2.0', id: 0, method: 'tools/list' } as const
      const { allowed } = await askGate(this.#components.gate, { caller, server: name, message })
      if (allowed) servers.push({ name, title, transport })
    }
    await stream.end(encodeControlLine({ type: 'ok', body: { servers } }))
  }

  #definition(name: string): ServerDefinition {
    const definition = this.#servers.get(name)
    if (definition === undefined) {
      throw new McpError('server-unknown', 'the peer has no such server')
    }
    return definition
  }
}
