import { encodeControlLine } from '../control-line.ts'
import type { GateQuestion } from '../gate.ts'
import { isRequest, type JsonRpcMessage, metaOf } from '../json-rpc.ts'
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
import { answerOf, answeredEnd } from './call-end.ts'
import { CallerSession, type ReceivedRequest } from './caller-session.ts'
import { ExchangeServer } from './exchange-server.ts'
import { askGate, PROTOCOL_VERSION_META_KEY } from './gatekeeper.ts'
import type { ProviderComponents } from './provider-components.ts'
import { servePresent } from './serve-present.ts'
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
      case 'present':
        return servePresent(served, this.#components.present)
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
    const session = this.#sessions.add(name, () => {
      return new CallerSession({ caller, session: name.session, definition, stream, components })
    })
    try {
      await session.serve(lines)
    } finally {
      this.#sessions.delete(name)
    }
  }

  async #serveRequest(served: ServedStream, header: RequestHeader): Promise<void> {
    const { stream, caller } = served
    const received = await this.#readRequest(served)
    if (received === undefined) return
    const { request } = received
    try {
      const definition = this.#definition(header.server)
      const { server, session, after } = header
      if (session !== undefined) {
        await this.#sessions.get({ caller, server, session }).serveRequest(stream, received, after)
        return
      }
      if (!Object.hasOwn(metaOf(request), PROTOCOL_VERSION_META_KEY)) {
        const rule = 'a request without a session carries its protocol version'
        throw new McpError('message-invalid', rule)
      }
      await this.#shared.serveRequest(stream, received, definition)
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
  async #readRequest({
    stream,
    lines,
    caller,
  }: ServedStream): Promise<ReceivedRequest | undefined> {
    const { limits } = this.#components
    const line = await lines.next(limits.messageBytesMax)
    if (line === undefined) throw new McpError('message-invalid', 'the stream holds no request')
    try {
      const message = parseMessage(line, limits)
      if (isRequest(message)) return { request: message, caller, bytes: line.length }
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
      const question = { caller, server: name, message, bytes: 0 }
      if (await this.#mayList(question)) servers.push({ name, title, transport })
    }
    await stream.end(encodeControlLine({ type: 'ok', body: { servers } }))
  }

  /** Nothing is asked of the server, so that the call ends with what the provider knows itself. */
  async #mayList(question: GateQuestion): Promise<boolean> {
    const { gate, records } = this.#components
    const answer = await records.keep(askGate(gate, question))
    if (!answer.allowed || answer.call === undefined) return answer.allowed
    const message: JsonRpcMessage = { jsonrpc: '2.0', id: 0, result: {} }
    const end = answeredEnd(answerOf(message, encodeMessage(message)))
    const { allowed } = await records.end(answer.call, end)
    return allowed
  }

  #definition(name: string): ServerDefinition {
    const definition = this.#servers.get(name)
    if (definition === undefined) {
      throw new McpError('server-unknown', 'the peer has no such server')
    }
    return definition
  }
}
