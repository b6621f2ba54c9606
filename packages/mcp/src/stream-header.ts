import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '@warren/core'
import { McpError } from './mcp-error.ts'
import { isServerName } from './server-definition.ts'

/** The first line of every stream, from the consumer: what the stream is for. */
export type StreamHeader =
  | SessionHeader
  | RequestHeader
  | ExchangeHeader
  | ServersHeader
  | PresentHeader

/** Opens a session; the stream then carries what belongs to no request, both ways. */
export interface SessionHeader {
  readonly kind: 'session'
  readonly server: string
  /** Chosen by the consumer at random; means nothing to any other caller. */
  readonly session: string
}

/** Carries one request and what belongs to it. Without a session it is one of the stateless era. */
export interface RequestHeader {
  readonly kind: 'request'
  readonly server: string
  readonly session?: string
  /** How many messages of the session stream go before this request. */
  readonly after: number
}

/** Carries one HTTP request and its response. */
export interface ExchangeHeader {
  readonly kind: 'exchange'
  readonly server: string
  readonly method: HttpMethod
  readonly headers: Readonly<Record<string, string>>
}

/** Asks which servers the caller may see. */
export interface ServersHeader {
  readonly kind: 'servers'
}

/** Shows the provider one document, which follows as a line of its own: what the caller may do, or what it takes back. */
export interface PresentHeader {
  readonly kind: 'present'
}

export type HttpMethod = 'GET' | 'POST' | 'DELETE'

/** Header fields are measured with the line; nothing else of a header is long. */
export const HEADER_BYTES_MAX: number = 16 * 1024

/** Of what a caller shows; a presentation of five capabilities has 28 kB when they say little, and 98 kB at most. */
export const PRESENTED_BYTES_MAX: number = 128 * 1024

const VERSION = 1
const SESSION_PATTERN = /^[A-Za-z0-9_-]{22,64}$/
const KEYS: Readonly<Record<StreamHeader['kind'], readonly string[]>> = {
  session: ['v', 'kind', 'server', 'session'],
  request: ['v', 'kind', 'server', 'session', 'after'],
  exchange: ['v', 'kind', 'server', 'method', 'headers'],
  servers: ['v', 'kind'],
  present: ['v', 'kind'],
}

export function encodeHeader(header: StreamHeader): Uint8Array {
  return Buffer.from(`${JSON.stringify({ v: VERSION, ...header })}\n`)
}

/**
 * Reads a header strictly: an unknown version, kind or member is refused.
 *
 * @throws McpError `header-malformed`
 */
export function parseHeader(line: Uint8Array): StreamHeader {
  const value = parseObject(line)
  const { kind } = value
  if (value['v'] !== VERSION) throw malformed(`v must be ${VERSION}`)
  if (!isKind(kind)) throw malformed(`kind is one of ${Object.keys(KEYS).join(', ')}`)
  if (Object.keys(value).some((key) => !KEYS[kind].includes(key))) {
    throw malformed(`a ${kind} header has the members ${KEYS[kind].join(', ')} alone`)
  }
  if (kind === 'servers' || kind === 'present') return { kind }
  const { server } = value
  if (!isServerName(server)) throw malformed('server is not a server name')
  if (kind === 'session') return { kind, server, session: sessionOf(value['session']) }
  return kind === 'request' ? requestHeader(server, value) : exchangeHeader(server, value)
}

function isKind(value: JsonValue | undefined): value is StreamHeader['kind'] {
  return typeof value === 'string' && Object.hasOwn(KEYS, value)
}

function requestHeader(server: string, { session, after = 0 }: JsonObject): RequestHeader {
  if (typeof after !== 'number' || !Number.isSafeInteger(after) || after < 0) {
    throw malformed('after is a count')
  }
  const header: RequestHeader = { kind: 'request', server, after }
  return session === undefined ? header : { ...header, session: sessionOf(session) }
}

function exchangeHeader(server: string, { method, headers }: JsonObject): ExchangeHeader {
  if (method !== 'GET' && method !== 'POST' && method !== 'DELETE') {
    throw malformed('method is GET, POST or DELETE')
  }
  return { kind: 'exchange', server, method, headers: headerFields(headers) }
}

/** Name and value pairs of text; the value says what the HTTP parsers would object to. */
export function headerFields(value: JsonValue | undefined): Readonly<Record<string, string>> {
  if (!isJsonObject(value)) throw malformed('headers is an object')
  const fields: Record<string, string> = {}
  for (const [name, text] of Object.entries(value)) {
    if (
      typeof text !== 'string' ||
      !/^[a-z0-9-]+$/.test(name) ||
      !/^[\t\u0020-\u007e]*$/.test(text)
    ) {
      throw malformed('a header field has a lower-case name and a value of printable ASCII')
    }
    fields[name] = text
  }
  return fields
}

function sessionOf(value: JsonValue | undefined): string {
  if (typeof value === 'string' && SESSION_PATTERN.test(value)) return value
  throw malformed('session has 22 to 64 of A-Z a-z 0-9 _ -')
}

function parseObject(line: Uint8Array): JsonObject {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(line)
    const value = parseJson(text, { lengthMax: HEADER_BYTES_MAX, depthMax: 2, keysMax: 64 })
    if (isJsonObject(value)) return value
  } catch (error) {
    throw new McpError('header-malformed', 'the header is not a JSON object', { cause: error })
  }
  throw malformed('the header is not a JSON object')
}

function malformed(message: string): McpError {
  return new McpError('header-malformed', message)
}
