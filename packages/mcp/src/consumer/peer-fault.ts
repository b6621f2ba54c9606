import { asMcpError, McpError } from '../mcp-error.ts'

/** What a failed stream says about the peer: a broken rule of the door is the peer's fault there, not the host's. */
export function peerFault(
  error: unknown,
  code: 'stream-ended' | 'session-ended',
  sentence: string,
): McpError {
  const reason = asMcpError(error, code, sentence)
  if (!reason.code.startsWith('message-')) return reason
  return new McpError('peer-protocol', `the peer sent what cannot be relayed: ${reason.message}`, {
    cause: error,
  })
}
