import type { JsonRpcRequest } from '../json-rpc.ts'
import { metaOf } from '../json-rpc.ts'

/** The stateless revision of MCP, and those with a handshake, newest first. */
export const MODERN_VERSION = '2026-07-28'
export const LEGACY_VERSIONS: readonly string[] = [
  '2025-11-25',
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
  '2024-10-07',
]

/** Members of `_meta` that only the stateless era knows (MCP 2026-07-28). */
export const ENVELOPE = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  logLevel: 'io.modelcontextprotocol/logLevel',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
} as const

export type Era = 'legacy' | 'modern'

/** Versions are dates, so their order is that of their text. */
export function isModernVersion(version: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(version) && version >= MODERN_VERSION
}

/** The era of one request: each of the stateless era carries its envelope; one says nothing about the next. */
export function eraOfRequest(request: JsonRpcRequest): Era {
  return ENVELOPE.protocolVersion in metaOf(request) ? 'modern' : 'legacy'
}
