import { Agent, type RequestOptions, request } from 'node:https'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'

/** A `fetch` over node:https with a client certificate; `kept` reuses connections, otherwise each request opens its own. */
export function createMutualTlsFetch(certificates: string, kept: boolean): typeof fetch {
  const agent = new Agent({
    keepAlive: kept,
    maxSockets: 256,
    // A new connection must be a full handshake, not a resumed one.
    maxCachedSessions: kept ? 100 : 0,
    key: readFileSync(join(certificates, 'client.key')),
    cert: readFileSync(join(certificates, 'client.crt')),
    ca: readFileSync(join(certificates, 'ca.crt')),
    minVersion: 'TLSv1.3',
    ecdhCurve: 'X25519MLKEM768',
  })
  return (input, init) => {
    const { promise, resolve, reject } = Promise.withResolvers<Response>()
    const options: RequestOptions = {
      agent,
      method: init?.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init?.headers).entries()),
      ...(init?.signal ? { signal: init.signal } : {}),
    }
    const url = input instanceof Request ? input.url : String(input)
    const outgoing = request(url, options, (incoming) => {
      const headers = new Headers()
      for (const [name, value] of Object.entries(incoming.headers)) {
        if (typeof value === 'string') headers.set(name, value)
      }
      const status = incoming.statusCode ?? 500
      const body = status === 204 || status === 202 ? null : Readable.toWeb(incoming)
      if (body === null) incoming.resume()
      resolve(new Response(body as ReadableStream, { status, headers }))
    })
    outgoing.on('error', reject)
    outgoing.end(typeof init?.body === 'string' ? init.body : undefined)
    return promise
  }
}
