import { McpError } from '../mcp-error.ts'
import type { OpenStream } from '../mesh-stream.ts'
import { openAnswered } from './open-stream.ts'
import type { ConsumerOptions } from './peer.ts'
import { RELAY_LIMITS } from './relay-limits.ts'

/**
 * Shows a peer one document on a stream of its own; resolves when the peer has taken it.
 *
 * @throws McpError what the peer says: `refused` with the code and the sentence; `peer-unreachable`, `peer-protocol`
 */
export async function presentTo(
  open: OpenStream,
  text: string,
  options: ConsumerOptions,
): Promise<void> {
  const { openMs } = RELAY_LIMITS
  const first = Buffer.from(`${text}\n`)
  const asked = { open, header: { kind: 'present' }, first, complete: true, openMs } as const
  const { stream } = await openAnswered(asked, options)
  stream.abort(new McpError('stream-ended', 'the answer has been read'))
}
