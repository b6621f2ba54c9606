import { encodeControlLine } from '../control-line.ts'
import type { Caller } from '../gate.ts'
import { isRequest, type JsonRpcRequest, metaOf } from '../json-rpc.ts'
import { asMcpError, McpError } from '../mcp-error.ts'
import type { MeshStream } from '../mesh-stream.ts'
import { encodeMessage, MessageError, parseMessage } from '../message-door.ts'
import { errorAnswer } from '../rpc-answer.ts'
import type { ServerDefinition } from '../server-definition.ts'
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
import { SharedServers } from './shared-servers.ts'

/** Serves a stream by its kind. A session belongs to the caller that opened it: nobody else can name it. */
export class StreamServer {
  readonly #servers: ReadonlyMap<string, ServerDefinition>
  readonly #components: ProviderComponents
  readonly #sessions = new Map<string, { readonly did: string; readonly session: CallerSession }>()
  readonly #shared: SharedServers
  readonly #exchanges: ExchangeServer

  constructor(servers: ReadonlyMap<string, ServerDefinition>, components: ProviderComponents) {
    this.#servers = servers
    this.#components = components
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
      await stream.write(encodeControlLine({ type: 'failed', error: reason }))
      await stream.end()
    } catch {
      // The caller is gone already.
      stream.abort(reason)
    }
  }

  /** Ends what one caller has running here, or everything. */
  async stop(reason: McpError, did?: string): Promise<void> {
    const sessions = [...this.#sessions.values()].filter(
      (entry) => did === undefined || entry.did === did,
    )
    await Promise.all([
      ...sessions.map(({ session }) => session.stop(reason)),
      this.#shared.stop(reason, did),
      this.#exchanges.stop(did),
    ])
  }

  status(): { readonly sessions: number; readonly shared: number } {
    const sessions = this.#sessions.size + this.#exchanges.sessions
    return { sessions, shared: this.#shared.size }
  }

  async #serveSession(served: ServedStream, header: SessionHeader): Promise<void> {
    const { stream, lines, caller } = served
    const definition = this.#definition(header.server)
    const key = sessionKey(caller, header)
    this.#checkRoom(caller.did, key)
    const components = this.#components
    const session = new CallerSession({ caller, definition, stream, components })
    this.#sessions.set(key, { did: caller.did, session })
    try {
      await session.serve(lines)
    } finally {
      this.#sessions.delete(key)
    }
  }

  async #serveRequest(served: ServedStream, header: RequestHeader): Promise<void> {
    const { stream, caller } = served
    const request = await this.#readRequest(served)
    if (request === undefined) return
    try {
      const definition = this.#definition(header.server)
      if (header.session !== undefined) {
        const entry = this.#sessions.get(sessionKey(caller, header))
        if (entry === undefined) throw new McpError('session-unknown', 'there is no such session')
        await entry.session.serveRequest(stream, request, header.after)
        return
      }
      if (!Object.hasOwn(metaOf(request), PROTOCOL_VERSION_META_KEY)) {
        const rule = 'a request without a session carries its protocol version'
        throw new McpError('message-invalid', rule)
      }
      await this.#shared.serveRequest(stream, request, { caller, definition })
    } catch (error) {
      if (!(error instanceof McpError)) throw error
      await answerAndEnd(stream, encodeMessage(errorAnswer(request.id, error)))
    }
  }

  async #serveExchange(served: ServedStream, header: ExchangeHeader): Promise<void> {
    const definition = this.#definition(header.server)
    if (definition.transport !== 'http') {
      throw new McpError('server-unknown', 'the server does not speak HTTP')
    }
    await this.#exchanges.serve(served, header, definition)
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
      await answerAndEnd(stream, encodeMessage(errorAnswer(error.id, error)))
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
    await answerAndEnd(stream, encodeControlLine({ type: 'ok', body: { servers } }))
  }

  #definition(name: string): ServerDefinition {
    const definition = this.#servers.get(name)
    if (definition === undefined) {
      throw new McpError('server-unknown', 'the peer has no such server')
    }
    return definition
  }

  #checkRoom(did: string, key: string): void {
    const { sessionsMax, sessionsPerCallerMax } = this.#components.limits
    if (this.#sessions.has(key)) throw new McpError('session-taken', 'the session is open already')
    const own = [...this.#sessions.values()].filter((entry) => entry.did === did).length
    if (own >= sessionsPerCallerMax || this.#sessions.size >= sessionsMax) {
      throw new McpError('sessions-exhausted', 'the provider takes no more sessions now')
    }
  }
}

/** The caller's DID is part of the key, so that a session id is worth nothing to anybody else. */
function sessionKey(
  { did }: Caller,
  { server, session = '' }: { readonly server: string; readonly session?: string },
): string {
  return `${did} ${server} ${session}`
}

async function answerAndEnd(stream: MeshStream, answer: Uint8Array): Promise<void> {
  await stream.write(answer)
  await stream.end()
}
