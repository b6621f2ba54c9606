import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { JsonObject } from '@warren/core'

const SESSION = 'the-only-session'
const EVENTS = { 'content-type': 'text/event-stream' }

/**
 * A server of Streamable HTTP that closes the stream of every call before its answer, which is fetched with a GET: the
 * events that it gives have the id of their call, as JSON.
 */
export class ClosingServer {
  /** What it answers, by the id of the call. */
  readonly answers = new Map<unknown, JsonObject>()
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  static async start(): Promise<ClosingServer> {
    const server = new ClosingServer()
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get url(): string {
    const address = this.#server.address()
    if (typeof address !== 'object' || address === null) throw new Error('it listens nowhere')
    return `http://127.0.0.1:${address.port}/mcp`
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'DELETE') response.writeHead(200).end()
    else if (request.method === 'GET') this.#fetch(request, response)
    else answer(JSON.parse(await text(request)), response)
  }

  #fetch({ headers }: IncomingMessage, response: ServerResponse): void {
    const id: unknown = JSON.parse(String(headers['last-event-id']))
    const result = this.answers.get(id)
    const message = JSON.stringify({ jsonrpc: '2.0', id, result })
    response.writeHead(200, EVENTS).end(result === undefined ? ':\n\n' : `data: ${message}\n\n`)
  }
}

function answer({ id, method }: JsonObject, response: ServerResponse): void {
  if (id === undefined) response.writeHead(202).end()
  else if (method === 'initialize') {
    const serverInfo = { name: 'closing', version: '1' }
    const result = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo }
    const headers = { 'content-type': 'application/json', 'mcp-session-id': SESSION }
    response.writeHead(200, headers).end(JSON.stringify({ jsonrpc: '2.0', id, result }))
  } else response.writeHead(200, EVENTS).end(`id: ${JSON.stringify(id)}\ndata:\n\n`)
}
