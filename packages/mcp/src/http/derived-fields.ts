import { isUtf8 } from 'node:buffer'
import type { JsonValue } from '@warren/core'
import { isRequest, type JsonRpcMessage, metaOf, paramsOf } from '../json-rpc.ts'
import { McpError } from '../mcp-error.ts'
import { PROTOCOL_VERSION_META_KEY } from '../provider/gatekeeper.ts'

/** Which parameter names what a request is about (2026-07-28, Streamable HTTP). */
const NAME_PARAMETER: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
])
/** Which parameter hosts repeat beyond that: a field that is there says this, or does not pass. */
const CHECKED_PARAMETER: ReadonlyMap<string, string> = new Map([
  ...NAME_PARAMETER,
  ['resources/subscribe', 'uri'],
  ['resources/unsubscribe', 'uri'],
])
const PLAIN = /^[\t\u0020-\u007e]+$/
/** Whoever reads fields may take it for encoded. */
const LOOKS_ENCODED = /^=\?base64\?.*\?=$/i
const ENCODED = /^=\?base64\?((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)\?=$/

/**
 * The header fields that a request of the stateless era repeats from its body; nothing for other
 * messages. They are always derived, so that no field can say another thing than the body.
 */
export function derivedFields(message: JsonRpcMessage): Readonly<Record<string, string>> {
  const version = metaOf(message)[PROTOCOL_VERSION_META_KEY]
  if (!isRequest(message) || typeof version !== 'string') return {}
  const name = nameOf(message.method, paramsOf(message))
  return {
    'mcp-protocol-version': version,
    'mcp-method': message.method,
    ...(name === undefined ? {} : { 'mcp-name': encodeField(name) }),
  }
}

/** A value as a header field: itself where it is safe there, else its UTF-8 in base64. */
export function encodeField(value: string): string {
  if (PLAIN.test(value) && value === value.trim() && !LOOKS_ENCODED.test(value)) return value
  return `=?base64?${Buffer.from(value).toString('base64')}?=`
}

/**
 * Refuses fields that say another thing than the body: a server may act on either, and only the body
 * is decided on.
 *
 * @throws McpError `header-mismatch`
 */
export function checkFields(
  message: JsonRpcMessage,
  fields: Readonly<Record<string, string>>,
): void {
  const { 'mcp-method': method, 'mcp-name': name, 'mcp-protocol-version': version } = fields
  if (method !== undefined && method.trim() !== message['method']) throw mismatch('mcp-method')
  const claimed = metaOf(message)[PROTOCOL_VERSION_META_KEY]
  if (version !== undefined && claimed !== undefined && version.trim() !== claimed) {
    throw mismatch('mcp-protocol-version')
  }
  if (name !== undefined && !isNameOf(message, name)) throw mismatch('mcp-name')
}

/** Of a method that repeats none, nobody knows what its field would say: it is left out. */
function isNameOf(message: JsonRpcMessage, field: string): boolean {
  if (typeof message['method'] !== 'string') return false
  if (!repeatsName(message)) return true
  const name = namedBy(CHECKED_PARAMETER.get(message['method']), paramsOf(message))
  return name !== undefined && decodeField(field) === name
}

/** Whether `mcp-name` repeats something of the message. */
export function repeatsName({ method }: JsonRpcMessage): boolean {
  return typeof method === 'string' && CHECKED_PARAMETER.has(method)
}

/**
 * What a header field says, as HTTP reads it: without the white space around it, and decoded where its value is UTF-8
 * in base64. Undefined where two readers could read two things.
 */
export function decodeField(field: string): string | undefined {
  const text = field.trim()
  if (!LOOKS_ENCODED.test(text)) return text
  const [, encoded] = ENCODED.exec(text) ?? []
  if (encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  // Bits that nobody reads make two spellings of one value; what is no UTF-8 is another text for each reader.
  if (bytes.toString('base64') !== encoded || !isUtf8(bytes)) return undefined
  return bytes.toString()
}

function mismatch(field: string): McpError {
  return new McpError('header-mismatch', `the field ${field} says another thing than the body`)
}

/** What a request is about, by its body; nothing where its method has none, or the body says none. */
export function nameOf(
  method: string,
  params: Readonly<Record<string, JsonValue>>,
): string | undefined {
  return namedBy(NAME_PARAMETER.get(method), params)
}

function namedBy(
  parameter: string | undefined,
  params: Readonly<Record<string, JsonValue>>,
): string | undefined {
  const value = parameter === undefined ? undefined : params[parameter]
  return typeof value === 'string' ? value : undefined
}
