import type { IncomingMessage } from 'node:http'
import { EntryError } from './entry-error.ts'

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])
const ORIGIN_LENGTH_MAX = 256
/** Fields of which a second one would let two readers see two requests. */
const SINGLE_FIELDS: readonly string[] = ['host', 'origin', 'authorization', 'content-type']

/**
 * Lets only requests pass that were meant for this machine, and gives their path.
 *
 * A page on another site can make a browser connect to loopback, by its own name (DNS rebinding)
 * or by ours; it cannot forge `Host` in the first case nor `Origin` in the second.
 *
 * @throws EntryError `host-not-local`, `origin-not-local`, `request-malformed`
 */
export function checkLocalRequest(request: IncomingMessage, port: number): string {
  for (const name of SINGLE_FIELDS) {
    if ((request.headersDistinct[name] ?? []).length > 1) {
      throw new EntryError('request-malformed', `the header ${name} stands twice`)
    }
  }
  if (!isOurHost(request.headers.host, port)) {
    throw new EntryError('host-not-local', 'the Host header does not name this machine and port')
  }
  if (!isLocalOrigin(request.headers.origin)) {
    throw new EntryError('origin-not-local', 'the Origin header names another site')
  }
  const [path = ''] = (request.url ?? '').split('?')
  if (!path.startsWith('/')) throw new EntryError('request-malformed', 'the target is not a path')
  return path
}

function isOurHost(host: string | undefined, port: number): boolean {
  if (host === undefined) return false
  const suffix = `:${port}`
  const name = host.toLowerCase()
  if (name.endsWith(suffix)) return LOOPBACK_NAMES.has(name.slice(0, -suffix.length))
  return port === 80 && LOOPBACK_NAMES.has(name)
}

/** Programs send no Origin; pages of this machine may; the opaque origin "null" may be anybody. */
function isLocalOrigin(origin: string | undefined): boolean {
  if (origin === undefined) return true
  if (origin.length > ORIGIN_LENGTH_MAX || !URL.canParse(origin)) return false
  const { protocol, hostname } = new URL(origin)
  return (protocol === 'http:' || protocol === 'https:') && LOOPBACK_NAMES.has(hostname)
}
