import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { mediaTypeIn } from './header-fields.ts'
import type { HttpMethod } from '../stream-header.ts'

/** One HTTP request to a configured server. */
export interface HttpCall {
  readonly method: HttpMethod
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** Aborting it ends the request and the response. */
  readonly signal: AbortSignal
  /** On a connection of its own, which closing the target leaves open. */
  readonly isAlone?: boolean
}

/** Keeps connections to one server. Redirects are never followed: the URL of the configuration is the only one there is. */
export class HttpTarget {
  readonly #url: URL
  readonly #headers: Readonly<Record<string, string>>
  readonly #agent: HttpAgent

  /** `headers` go with every request, on top of what a request brings itself. */
  constructor(url: string, headers: Readonly<Record<string, string>>) {
    this.#url = new URL(url)
    this.#headers = headers
    const options = { keepAlive: true }
    this.#agent = this.#url.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options)
  }

  /** Sends a request; resolves with the response as soon as its head is there. Not reading the response is back-pressure. */
  call({ method, headers, body, signal, isAlone = false }: HttpCall): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const send = this.#url.protocol === 'https:' ? httpsRequest : httpRequest
    const length = body === undefined ? {} : { 'content-length': String(body.length) }
    const request = send(this.#url, {
      method,
      headers: { ...headers, ...length, ...this.#headers },
      agent: isAlone ? false : this.#agent,
      signal,
    })
    request.once('response', resolve)
    // Also after the response: the reader of the response is told by the response itself.
    request.on('error', reject)
    request.end(body)
    return promise
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** The fields of a response, names in lower case, repeated ones joined. */
export function fieldsOf(response: IncomingMessage): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) fields[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return fields
}

/** The media type of a response, in lower case. */
export function mediaTypeOf(response: IncomingMessage): string {
  return mediaTypeIn(response.headers['content-type'])
}

/** Whether a server has taken what was asked. */
export function isOk({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300
}
