import type { IncomingHttpHeaders } from 'node:http'
import { decodeField, nameOf } from '../../http/derived-fields.ts'
import { isRequest, isResponse, type JsonRpcMessage, metaOf, paramsOf } from '../../json-rpc.ts'
import { ENVELOPE, isModernVersion } from '../era.ts'
import { EntryError } from './entry-error.ts'

/**
 * Which era a POST belongs to. The body decides; where it is of the stateless era (2026-07-28), the
 * headers must say the same, so that nobody who reads only them is deceived.
 *
 * @throws EntryError `header-mismatch`, `envelope-missing`
 */
export function eraOf(
  message: JsonRpcMessage,
  headers: IncomingHttpHeaders,
): 'session' | 'stateless' {
  if (isResponse(message)) return 'session'
  const version = field(headers, 'mcp-protocol-version')
  const claimed = metaOf(message)[ENVELOPE.protocolVersion]
  if (claimed === undefined) return unclaimedEra(message, version)
  if (typeof claimed !== 'string') {
    throw new EntryError('envelope-missing', 'the protocol version in _meta must be a string')
  }
  if (version !== claimed && (isRequest(message) || version !== undefined)) {
    throw mismatch('MCP-Protocol-Version')
  }
  const method = field(headers, 'mcp-method')
  if (method !== message['method'] && (isRequest(message) || method !== undefined)) {
    throw mismatch('Mcp-Method')
  }
  if (isRequest(message)) checkName(message, field(headers, 'mcp-name'))
  return 'stateless'
}

function unclaimedEra(
  message: JsonRpcMessage,
  version: string | undefined,
): 'session' | 'stateless' {
  if (version === undefined || !isModernVersion(version)) return 'session'
  if (!isRequest(message)) return 'stateless'
  if (message.method === 'initialize') throw mismatch('MCP-Protocol-Version')
  throw new EntryError('envelope-missing', `a request of ${version} says its version in _meta`)
}

function checkName(message: JsonRpcMessage, name: string | undefined): void {
  const { method } = message
  const named = typeof method === 'string' ? nameOf(method, paramsOf(message)) : undefined
  if (named === undefined) return
  if (name === undefined || decodeField(name) !== named) throw mismatch('Mcp-Name')
}

function field(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value.trim() : undefined
}

function mismatch(name: string): EntryError {
  return new EntryError('header-mismatch', `the header ${name} and the body disagree`)
}
