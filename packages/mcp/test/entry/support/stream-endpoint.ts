import { createHash, randomBytes } from 'node:crypto'
import { type Duplex, duplexPair } from 'node:stream'
import type { RandomSource } from '@warren/core'
import {
  type Catalog,
  type CatalogServer,
  type UnsentRequest,
  encodeMessage,
  type Endpoint,
  type EndpointSession,
  type HostChannel,
  isResponse,
  type JsonRpcMessage,
  type JsonRpcRequest,
  LineReader,
  type Logger,
  McpError,
  MESSAGE_LIMITS,
  parseMessage,
} from '@warren/mcp'

export const sha256 = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(bytes).digest())
export const random: RandomSource = { randomBytes: (length) => new Uint8Array(randomBytes(length)) }
export const silent: Logger = { log: () => {} }

/** Serves one connection: an MCP server of any making on a byte stream. */
export type Serve = (stream: Duplex) => void

/** A server in this process as an endpoint: what a peer with a stdio server looks like to an entry. */
export class StreamEndpoint implements Endpoint {
  readonly #serve: Serve
  readonly streams: Duplex[] = []
  opened = 0
  closed = 0
  /** Everything that hosts have said to the server. */
  readonly heard: JsonRpcMessage[] = []
  refuse: McpError | undefined

  constructor(serve: Serve) {
    this.#serve = serve
  }

  async openSession(host: HostChannel, signal: AbortSignal): Promise<EndpointSession> {
    signal.throwIfAborted()
    if (this.refuse !== undefined) throw this.refuse
    this.opened += 1
    const [near, far] = duplexPair()
    this.streams.push(near)
    this.#serve(far)
    near.on('error', () => {})
    const closed = Promise.withResolvers<McpError>()
    const ended = this.#relay(host, near, closed.promise)
    return { ended, close: closed.resolve }
  }

  async *request(request: JsonRpcRequest, signal: AbortSignal): AsyncGenerator<JsonRpcMessage> {
    const [near, far] = duplexPair()
    this.opened += 1
    this.#serve(far)
    signal.addEventListener('abort', () => near.destroy())
    near.on('error', () => {})
    this.heard.push(request)
    near.write(encodeMessage(request))
    try {
      for await (const message of linesOf(near)) {
        yield message
        if (isResponse(message)) return
      }
    } finally {
      this.closed += 1
      near.destroy()
      far.destroy()
    }
  }

  /** Breaks every connection, as a server does that dies. */
  kill(): void {
    for (const stream of this.streams.splice(0)) stream.destroy()
  }

  async #relay(
    host: HostChannel,
    near: Duplex,
    closed: Promise<McpError>,
  ): Promise<McpError | undefined> {
    const fromHost = async (): Promise<undefined> => {
      for await (const message of host.messages) {
        this.heard.push(message)
        near.write(encodeMessage(message))
      }
    }
    const fromServer = async (): Promise<McpError> => {
      try {
        for await (const message of linesOf(near)) await host.send(message)
      } catch {
        // Told below.
      }
      return new McpError('server-exited', 'the server has exited')
    }
    const reason = await Promise.race([fromHost(), fromServer(), closed]).catch(
      () => new McpError('host-gone', 'the host is gone'),
    )
    this.closed += 1
    near.destroy()
    host.close(reason ?? new McpError('session-ended', 'the host has closed the session'))
    return reason
  }
}

async function* linesOf(stream: Duplex): AsyncGenerator<JsonRpcMessage> {
  const lines = new LineReader(stream as AsyncIterable<Uint8Array>)
  for (;;) {
    const line = await lines.next(MESSAGE_LIMITS.messageBytesMax)
    if (line === undefined) return
    yield parseMessage(line, MESSAGE_LIMITS)
  }
}

/** A catalogue that a test fills: `alias` to server. */
export class TestCatalog implements Catalog {
  readonly #here = new Map<
    string,
    { readonly server: CatalogServer; readonly endpoint: Endpoint }
  >()
  readonly #listeners = new Set<() => void>()
  /** What it was told of requests that came to no server. */
  readonly told: UnsentRequest[] = []

  async unsent(unsent: UnsentRequest): Promise<void> {
    this.told.push(unsent)
  }

  servers(): readonly CatalogServer[] {
    return [...this.#here.values()]
      .map(({ server }) => server)
      .toSorted((a, b) => (a.alias < b.alias ? -1 : 1))
  }

  endpoint(alias: string): Endpoint | undefined {
    return this.#here.get(alias)?.endpoint
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  add(alias: string, endpoint: Endpoint, extra: Partial<CatalogServer> = {}): this {
    const did = `did:webvh:Qm${alias}:warren.internal`
    const server = { alias, did, server: alias, transport: 'stdio', ...extra } as const
    this.#here.set(alias, { server, endpoint })
    for (const listener of this.#listeners) listener()
    return this
  }

  remove(alias: string): void {
    this.#here.delete(alias)
    for (const listener of this.#listeners) listener()
  }
}
