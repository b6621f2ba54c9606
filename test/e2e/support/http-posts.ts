import type { JsonObject } from '@warren/core'
import type { HttpDoor } from './mesh-hosts.ts'

const CLIENT = { name: 'raw', version: '1' }

/** A host without an SDK on a node's HTTP entry: one session of the stateful era, in which it posts whatever it is told to. */
export class HttpPosts {
  readonly #url: URL
  readonly #headers: Readonly<Record<string, string>>

  private constructor(url: URL, headers: Readonly<Record<string, string>>) {
    this.#url = url
    this.#headers = headers
  }

  /** Opens a session with one server. */
  static async open({ url, token }: HttpDoor, server: string): Promise<HttpPosts> {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    }
    const first = new HttpPosts(url(server), headers)
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: CLIENT }
    const response = await first.post({ jsonrpc: '2.0', id: 0, method: 'initialize', params })
    await response.text()
    const session = response.headers.get('mcp-session-id')
    if (session === null) throw new Error(`no session: HTTP ${response.status}`)
    const posts = new HttpPosts(url(server), { ...headers, 'mcp-session-id': session })
    await posts.post({ jsonrpc: '2.0', method: 'notifications/initialized' })
    return posts
  }

  /** Posts one body and gives the response, whose body nobody has read. */
  async post(body: string | JsonObject, signal?: AbortSignal): Promise<Response> {
    return fetch(this.#url, {
      method: 'POST',
      headers: this.#headers,
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
    })
  }

  /** Sends a request and gives the answer, which is the last message of the response. */
  async ask(id: number, method: string, params: JsonObject = {}): Promise<JsonObject> {
    const response = await this.post({ jsonrpc: '2.0', id, method, params })
    const text = await response.text()
    const last = text.trimEnd().split('\n').at(-1) ?? ''
    return JSON.parse(last.replace(/^data: /, '')) as JsonObject
  }
}
