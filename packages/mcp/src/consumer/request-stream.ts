import { isControlLine, parseControlLine } from '../control-line.ts'
import { isResponse, type JsonRpcMessage, type JsonRpcRequest } from '../json-rpc.ts'
import { McpError } from '../mcp-error.ts'
import { encodeMessage, parseMessage } from '../message-door.ts'
import type { Scheduler } from '../ports.ts'
import { errorAnswer } from '../rpc-answer.ts'
import type { RequestHeader } from '../stream-header.ts'
import { type OpenedStream, openStream } from './open-stream.ts'
import { limitsOf, type PeerServer } from './peer.ts'
import { peerFault } from './peer-fault.ts'
import type { RelayLimits } from './relay-limits.ts'

/** One for all: it ends streams, often, and tells nobody anything. */
const NO_LONGER = new McpError('stream-ended', 'nobody waits for the call any more')

export interface CarriedRequest {
  readonly header: RequestHeader
  readonly request: JsonRpcRequest
  /** Aborting it aborts the stream, which is cancellation; nothing is yielded any more. */
  readonly signal: AbortSignal
  readonly scheduler: Scheduler
  /** Waits until that many messages of the session stream have reached the host. */
  readonly delivered: (count: number) => Promise<void>
}

/**
 * Carries one request on a stream of its own: yields what belongs to it, then exactly one response.
 *
 * Never throws for what a peer does: a stream that cannot be opened, ends early or breaks a rule
 * becomes an error response with a sentence.
 */
export async function* carryRequest(
  peer: PeerServer,
  carried: CarriedRequest,
): AsyncGenerator<JsonRpcMessage> {
  const { request, header, signal } = carried
  const limits = limitsOf(peer)
  let opened: OpenedStream | undefined
  let settling = false
  try {
    const first = encodeMessage(request)
    opened = await openStream({ open: peer.open, header, first, complete: true }, signal)
    for (;;) {
      const message = await nextMessage(opened, carried, limits)
      settling = isResponse(message)
      if (settling) void settle(opened, carried.scheduler, limits.drainMs)
      yield message
      if (settling) return
    }
  } catch (error) {
    if (signal.aborted) return
    const reason = peerFault(error, 'stream-ended', 'the peer closed the call without a response')
    opened?.stream.abort(reason)
    yield errorAnswer(request.id, reason)
  } finally {
    // Whoever stopped early thereby cancels.
    if (!settling) opened?.stream.abort(NO_LONGER)
  }
}

async function nextMessage(
  { lines }: OpenedStream,
  { request, delivered }: CarriedRequest,
  limits: RelayLimits,
): Promise<JsonRpcMessage> {
  for (;;) {
    const line = await lines.next(limits.messageBytesMax)
    if (line === undefined) {
      throw new McpError('stream-ended', 'the peer closed the call without a response')
    }
    if (!isControlLine(line)) return expectMessage(parseMessage(line, limits), request)
    const control = parseControlLine(line)
    if (control.type === 'failed') throw control.error
    if (control.type !== 'after') {
      throw new McpError('peer-protocol', 'the peer sent a control line out of place')
    }
    await delivered(control.count)
  }
}

function expectMessage(message: JsonRpcMessage, request: JsonRpcRequest): JsonRpcMessage {
  if (!isResponse(message) || message.id === request.id) return message
  // A peer that could not read the request could not read its id either.
  if (message.id === null) return { ...message, id: request.id }
  throw new McpError('peer-protocol', 'the peer answered another request than it was asked')
}

/** Lets the stream come to its explicit end, which follows the response at once; cuts it if it does not. */
async function settle(
  { stream, lines }: OpenedStream,
  scheduler: Scheduler,
  drainMs: number,
): Promise<void> {
  const ended = scheduler.after(drainMs, () => stream.abort(NO_LONGER))
  try {
    await lines.next(0)
  } catch {
    // The response is here; how its stream ends changes nothing for the host.
  }
  ended()
  stream.abort(NO_LONGER)
}
