import { CodedError } from '@warren/core'

export const MCP_ERROR_CODES = [
  // What a message did wrong.
  'message-not-json',
  'message-invalid',
  'message-too-long',
  'header-mismatch',
  // What a peer did wrong on a mesh stream.
  'header-malformed',
  'header-late',
  'peer-protocol',
  // Who may speak with what.
  'refused',
  'audit-unavailable',
  'server-unknown',
  'session-unknown',
  'session-taken',
  'request-taken',
  'sessions-exhausted',
  'requests-exhausted',
  'bytes-exhausted',
  // How the other end went away.
  'peer-unreachable',
  'stream-ended',
  'session-ended',
  'host-gone',
  'host-stalled',
  'caller-dropped',
  'server-withdrawn',
  'stopped',
  // What the server behind the provider did.
  'server-start-failed',
  'server-exited',
  'server-idle',
  'server-unreachable',
  'server-answer-unacceptable',
  // What is no answer to a request, though the host may take it for one.
  'answer-unread',
  // What took too long for the aggregate.
  'call-timeout',
  'list-timeout',
  // What our own configuration says wrongly.
  'server-definition-invalid',
] as const

export type McpErrorCode = (typeof MCP_ERROR_CODES)[number]

export function isMcpErrorCode(value: unknown): value is McpErrorCode {
  return MCP_ERROR_CODES.some((code) => code === value)
}

/** A rule of the relay was broken, or an end of it is gone. Messages carry no arguments, results or secrets. */
export class McpError extends CodedError<McpErrorCode> {
  override readonly name = 'McpError'
}

/** Makes an `McpError` of whatever was caught; an `McpError` stays itself. */
export function asMcpError(error: unknown, code: McpErrorCode, message: string): McpError {
  return error instanceof McpError ? error : new McpError(code, message, { cause: error })
}

/** The form of every code, of ours and of others. */
export const CODE: RegExp = /^[a-z0-9][a-z0-9-]{0,63}$/

/**
 * The code that lies behind an error and says more: that knowledge is stale, that the connection was lost, what the peer
 * has said. It is the error's own where nothing does.
 */
export function codeBehind(error: CodedError<string>): string {
  const { code, cause } = error
  if (!(cause instanceof CodedError)) return code
  const said = 'peerCode' in cause ? cause.peerCode : undefined
  return typeof said === 'string' && CODE.test(said) ? said : cause.code
}
