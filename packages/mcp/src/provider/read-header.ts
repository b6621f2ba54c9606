import type { LineReader } from '../line-reader.ts'
import { McpError } from '../mcp-error.ts'
import type { MeshStream } from '../mesh-stream.ts'
import { HEADER_BYTES_MAX, parseHeader, type StreamHeader } from '../stream-header.ts'
import type { ProviderComponents } from './provider-components.ts'

/**
 * Reads the header of a stream, within its time.
 *
 * @throws McpError `header-malformed`, `header-late`
 */
export async function readHeader(
  stream: MeshStream,
  lines: LineReader,
  { scheduler, limits }: ProviderComponents,
): Promise<StreamHeader> {
  const inTime = scheduler.after(limits.headerMs, () => {
    stream.abort(new McpError('header-late', 'the header did not come in time'))
  })
  try {
    const line = await lines.next(HEADER_BYTES_MAX)
    if (line !== undefined) return parseHeader(line)
  } finally {
    inTime()
  }
  throw new McpError('header-malformed', 'the stream ended before its header')
}
