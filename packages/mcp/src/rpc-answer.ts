import type { JsonRpcError, RequestId } from './json-rpc.ts'
import type { McpError, McpErrorCode } from './mcp-error.ts'

/** JSON-RPC 2.0 §5.1, and four codes of its implementation range for what only a relay can say. */
export const RPC_CODE = {
  /** The text is not JSON. */
  parseError: -32700,
  /** JSON, but not a message that may be relayed. */
  invalidRequest: -32600,
  /** The method is not there. */
  methodNotFound: -32601,
  /** A header field says another thing than the body (MCP 2026-07-28, Streamable HTTP). */
  headerMismatch: -32020,
  /** The stream or session ended before the response. */
  ended: -32001,
  /** The policy of the provider said no. */
  refused: -32003,
  /** A named limit is reached. */
  exhausted: -32004,
  /** The peer, the session or the server is not there. */
  unavailable: -32005,
} as const

const BY_CODE: Partial<Record<McpErrorCode, number>> = {
  'message-not-json': RPC_CODE.parseError,
  'message-invalid': RPC_CODE.invalidRequest,
  'message-too-long': RPC_CODE.invalidRequest,
  'header-mismatch': RPC_CODE.headerMismatch,
  'request-taken': RPC_CODE.invalidRequest,
  refused: RPC_CODE.refused,
  'audit-unavailable': RPC_CODE.refused,
  'requests-exhausted': RPC_CODE.exhausted,
  'sessions-exhausted': RPC_CODE.exhausted,
  'bytes-exhausted': RPC_CODE.exhausted,
  'stream-ended': RPC_CODE.ended,
  'session-ended': RPC_CODE.ended,
  'host-gone': RPC_CODE.ended,
  'host-stalled': RPC_CODE.ended,
  'caller-dropped': RPC_CODE.ended,
  'server-withdrawn': RPC_CODE.ended,
  stopped: RPC_CODE.ended,
}

/** The JSON-RPC error that tells a host what happened: a sentence for people, `data.code` for programs. */
export function errorAnswer(id: RequestId | null, error: McpError): JsonRpcError {
  return {
    jsonrpc: '2.0',
    id,
    error: {
      code: BY_CODE[error.code] ?? RPC_CODE.unavailable,
      message: error.message,
      data: { code: error.code },
    },
  }
}
