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
const PLAIN = /^[\t\u0020-\u007e]+$/
const ENCODED = /^=\?base64\?.*\?=$/

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
  if (PLAIN.test(value) && value === value.trim() && !ENCODED.test(value)) return value
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
  if (!('method' in message) || typeof message['method'] !== 'string') return
  const { 'mcp-method': method, 'mcp-name': field } = fields
  if (method !== undefined && method !== message['method']) throw mismatch('mcp-method')
  const name = nameOf(message['method'], paramsOf(message))
  if (field !== undefined && name !== undefined && decodeField(field) !== name) {
    throw mismatch('mcp-name')
  }
}

function decodeField(field: string): string {
  if (!ENCODED.test(field)) return field
  return Buffer.from(field.slice('=?base64?'.length, -'?='.length), 'base64').toString()
}

function mismatch(field: string): McpError {
  return new McpError('header-mismatch', `the field ${field} says another thing than the body`)
}

function nameOf(method: string, params: Readonly<Record<string, JsonValue>>): string | undefined {
  const parameter = NAME_PARAMETER.get(method)
  const value = parameter === undefined ? undefined : params[parameter]
  return typeof value === 'string' ? value : undefined
}
