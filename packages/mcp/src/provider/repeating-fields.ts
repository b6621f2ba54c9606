import { repeatsName } from '../http/derived-fields.ts'
import { isParameterField } from '../http/header-fields.ts'
import { type JsonRpcMessage, metaOf } from '../json-rpc.ts'
import type { ExchangeHeader, HttpMethod } from '../stream-header.ts'
import { PROTOCOL_VERSION_META_KEY } from './gatekeeper.ts'

/** What goes on to a server over HTTP. */
export interface Repeated {
  readonly message: JsonRpcMessage | undefined
  /** Whether it has the arguments that the fields of the caller repeat. */
  readonly isRepeated?: boolean
}

/** Of these nothing passes that a caller says. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['accept', 'content-type'])
/** Versions of MCP are dates. */
const VERSION = /^\d{4}-\d{2}-\d{2}$/

/** The fields that the node writes itself, by the method. */
export const NODE_FIELDS: Readonly<Record<HttpMethod, Readonly<Record<string, string>>>> = {
  // Under another charset the server would read another message than the gate has.
  POST: { accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
  GET: { accept: 'text/event-stream' },
  DELETE: {},
}

/**
 * The header without fields that repeat nothing of the message: a server may act on one all the same,
 * and nobody has decided on what it says. One that needs it refuses the request.
 */
export function withoutIdle(
  header: ExchangeHeader,
  { message, isRepeated = false }: Repeated,
): ExchangeHeader {
  const isIdle = (name: string, value: string): boolean => {
    if (OWN_FIELDS.has(name)) return true
    if (isParameterField(name)) return !isRepeated
    if (name === 'mcp-name') return message === undefined || !repeatsName(message)
    if (name === 'mcp-protocol-version') return !isVersion(value.trim(), message)
    // A stream is taken up again with a GET alone.
    if (name === 'last-event-id') return header.method !== 'GET'
    return name === 'mcp-method' && message === undefined
  }
  const headers = Object.entries(header.headers).filter(([name, value]) => !isIdle(name, value))
  return { ...header, headers: Object.fromEntries(headers) }
}

/** Of a message that says its version that one, and else no free text. */
function isVersion(value: string, message: JsonRpcMessage | undefined): boolean {
  if (VERSION.test(value)) return true
  return message !== undefined && value === metaOf(message)[PROTOCOL_VERSION_META_KEY]
}
