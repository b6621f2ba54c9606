import { type ControlLine, CONTROL_BYTES_MAX, parseControlLine } from '../control-line.ts'
import { LineReader } from '../line-reader.ts'
import { asMcpError, McpError } from '../mcp-error.ts'
import type { MeshStream, OpenStream } from '../mesh-stream.ts'
import { encodeHeader, type StreamHeader } from '../stream-header.ts'
import type { ConsumerOptions } from './peer.ts'

/** A stream whose header has been written. */
export interface OpenedStream {
  readonly stream: MeshStream
  readonly lines: LineReader
}

export interface OpenRequest {
  readonly open: OpenStream
  readonly header: StreamHeader
  /** Goes with the header, in one write. */
  readonly first?: Uint8Array
  /** Whether nothing follows from this side. */
  readonly complete: boolean
  /** Told of the stream before its first byte; what it throws is why there is none. */
  readonly leaves?: (stream: MeshStream) => void
}

/**
 * Opens a stream and writes its header. The signal aborts the stream for as long as it lives.
 *
 * @throws McpError `peer-unreachable`
 */
export async function openStream(
  { open, header, first, complete, leaves }: OpenRequest,
  signal: AbortSignal,
): Promise<OpenedStream> {
  try {
    signal.throwIfAborted()
    const stream = await open(signal)
    abortTogether(stream, signal)
    try {
      leaves?.(stream)
    } catch (error) {
      stream.abort(toError(error))
      throw error
    }
    const head = encodeHeader(header)
    const bytes = first === undefined ? head : Buffer.concat([head, first])
    await (complete ? stream.end(bytes) : stream.write(bytes))
    return { stream, lines: new LineReader(stream.bytes) }
  } catch (error) {
    throw asMcpError(error, 'peer-unreachable', 'the peer that owns the server cannot be reached')
  }
}

/**
 * Opens a stream that the provider answers with a control line, and waits for it.
 *
 * @throws McpError what the provider says, `peer-unreachable`, `peer-protocol`
 */
export async function openAnswered(
  request: OpenRequest & { readonly openMs: number },
  { signal, components }: ConsumerOptions,
): Promise<OpenedStream & { readonly body: Extract<ControlLine, { type: 'ok' }>['body'] }> {
  const late = new AbortController()
  const inTime = components.scheduler.after(request.openMs, () =>
    late.abort(new McpError('peer-unreachable', 'the peer did not answer in time')),
  )
  let opened: OpenedStream | undefined
  try {
    opened = await openStream(request, AbortSignal.any([signal, late.signal]))
    const line = await opened.lines.next(CONTROL_BYTES_MAX)
    if (line === undefined) throw new McpError('stream-ended', 'the peer closed the stream')
    const control = parseControlLine(line)
    if (control.type === 'ok') return { ...opened, body: control.body }
    if (control.type === 'failed') throw control.error
    throw new McpError('peer-protocol', 'the peer did not say whether it accepts the stream')
  } catch (error) {
    const reason = asMcpError(
      late.signal.aborted ? late.signal.reason : error,
      'stream-ended',
      'the peer closed the stream',
    )
    opened?.stream.abort(reason)
    throw reason
  } finally {
    inTime()
  }
}

function abortTogether(stream: MeshStream, signal: AbortSignal): void {
  const onAbort = (): void => stream.abort(reasonOf(signal))
  signal.addEventListener('abort', onAbort, { once: true })
  stream.signal.addEventListener('abort', () => signal.removeEventListener('abort', onAbort), {
    once: true,
  })
  if (signal.aborted) onAbort()
}

function reasonOf({ reason }: AbortSignal): Error {
  return toError(reason)
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason })
}
