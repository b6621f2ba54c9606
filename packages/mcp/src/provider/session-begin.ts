import { McpError } from '../mcp-error.ts'
import type { CallEnding } from './call-ending.ts'

/** What a server says before it answers the request that begins a session; beside the answer no more is held for it. */
const BEFORE_BYTES_MAX = 65_536

/**
 * Reads a response for as far as its request has an end, and gives what goes out of it. The rest stays to be read.
 *
 * @throws McpError `message-too-long`, and whatever the response throws
 */
export async function readToEnd(
  chunks: AsyncGenerator<Uint8Array>,
  ending: CallEnding,
): Promise<readonly Uint8Array[]> {
  const read: Uint8Array[] = []
  let length = 0
  for (;;) {
    const next = await chunks.next()
    if (next.done === true) return read
    read.push(next.value)
    if (ending.hasEnded) return read
    length += next.value.length
    if (length > BEFORE_BYTES_MAX) {
      const sentence = `a server says at most ${BEFORE_BYTES_MAX} bytes before a session begins`
      throw new McpError('message-too-long', sentence)
    }
  }
}

/** What was read of a response, and the rest. */
export async function* followedBy(
  read: readonly Uint8Array[],
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* read
  yield* rest
}
