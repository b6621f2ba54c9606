import { CodedError } from '@warren/core'
import { encodeControlLine } from '../control-line.ts'
import { McpError } from '../mcp-error.ts'
import { PRESENTED_BYTES_MAX } from '../stream-header.ts'
import type { PresentPort } from './provider-components.ts'
import type { ServedStream } from './served-stream.ts'

/**
 * Takes the one document that a caller shows on this stream.
 *
 * @throws McpError `refused` with the code of what was wrong, `message-invalid`, `message-too-long`
 */
export async function servePresent(
  { stream, lines, caller }: ServedStream,
  present: PresentPort | undefined,
): Promise<void> {
  if (present === undefined) {
    throw new McpError('refused', 'this node takes nothing that a caller shows of itself')
  }
  const line = await lines.next(PRESENTED_BYTES_MAX)
  if (line === undefined) throw new McpError('message-invalid', 'the stream shows nothing')
  try {
    await present(new TextDecoder('utf-8', { fatal: true }).decode(line), caller)
  } catch (cause) {
    if (cause instanceof McpError || !(cause instanceof CodedError)) throw cause
    throw new McpError('refused', `${cause.code}: ${cause.message}`, { cause })
  }
  await stream.end(encodeControlLine({ type: 'ok', body: {} }))
}
