import { parseControlLine } from '../control-line.ts'
import { McpError } from '../mcp-error.ts'

/** How a session came to its end. */
export type SessionEnd =
  | { readonly by: 'host' }
  | { readonly by: 'lost-host' | 'peer' | 'owner'; readonly reason: McpError }

/** The session stream ended without a word. */
export function closedByPeer(): SessionEnd {
  const reason = new McpError('session-ended', 'the peer has closed the session')
  return { by: 'peer', reason }
}

/**
 * What a control line on the session stream says.
 *
 * @throws McpError `peer-protocol`
 */
export function endOf(line: Uint8Array): SessionEnd {
  const control = parseControlLine(line)
  if (control.type === 'end') return { by: 'peer', reason: control.error }
  throw new McpError('peer-protocol', 'the peer sent a control line out of place')
}
