import { isControlLine, parseControlLine } from '../control-line.ts'
import { answeredId, isResponse, type JsonRpcMessage, type JsonRpcRequest } from '../json-rpc.ts'
import { asMcpError, McpError } from '../mcp-error.ts'
import type { MeshStream } from '../mesh-stream.ts'
import { encodeMessage, parseMessage } from '../message-door.ts'
import { refusalAnswer } from '../provider/gatekeeper.ts'
import type { Scheduler } from '../ports.ts'
import { errorAnswer } from '../rpc-answer.ts'
import type { RequestHeader } from '../stream-header.ts'
import { CallDeparture } from './call-departure.ts'
import { clientNameIn } from './client-name.ts'
import { type OpenedStream, openStream } from './open-stream.ts'
import { limitsOf, type PeerServer } from './peer.ts'
import { peerFault } from './peer-fault.ts'
import type { RelayLimits } from './relay-limits.ts'

/** One for all: it ends streams, often, and tells nobody anything. */
const NO_LONGER = new McpError('stream-ended', 'nobody waits for the call any more')

interface Received {
  readonly message: JsonRpcMessage
  /** Of its line, without the newline. */
  readonly bytes: number
}

export interface CarriedRequest {
  readonly header: RequestHeader
  readonly request: JsonRpcRequest
  /** Aborting it aborts the stream, which is cancellation; nothing is yielded any more. */
  readonly signal: AbortSignal
  readonly scheduler: Scheduler
  /** Waits until that many messages of the session stream have reached the host. */
  readonly delivered: (count: number) => Promise<void>
  /** What the host calls itself, where it said so before. */
  readonly client?: string | undefined
  /** Whether it is the peer that has ended what the signal gives up. */
  readonly isPeersDoing?: () => boolean
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
  const first = encodeMessage(request)
  const departure = departureOf(peer, carried, first)
  let opened: OpenedStream | undefined
  let settling = false
  try {
    const leaves = (stream: MeshStream): void => departure.leave(stream)
    opened = await openStream({ open: peer.open, header, first, complete: true, leaves }, signal)
    for (;;) {
      const { message, bytes } = await nextMessage(opened, carried, limits)
      await departure.recorded()
      settling = isResponse(message)
      if (settling) {
        departure.answered({ message, bytes })
        void settle(opened, carried.scheduler, limits.drainMs)
      }
      yield message
      if (settling) return
    }
  } catch (error) {
    if (signal.aborted) return
    const reason = peerFault(error, 'stream-ended', 'the peer closed the call without a response')
    opened?.stream.abort(reason)
    await departure.failed(reason)
    yield answerTo(request, reason)
  } finally {
    // Whoever stopped early thereby cancels.
    if (!settling) opened?.stream.abort(NO_LONGER)
    await over(departure, carried)
  }
}

function departureOf(
  peer: PeerServer,
  { request, client }: CarriedRequest,
  first: Uint8Array,
): CallDeparture {
  const named = clientNameIn(request) ?? client
  const who = named === undefined ? {} : { client: named }
  return new CallDeparture(peer.journal, { message: request, bytes: first.length - 1, ...who })
}

/** Does nothing after an end of another kind. */
async function over(
  departure: CallDeparture,
  { signal, isPeersDoing }: CarriedRequest,
): Promise<void> {
  const reason = signal.aborted
    ? asMcpError(signal.reason, 'stream-ended', NO_LONGER.message)
    : NO_LONGER
  if (signal.aborted && isPeersDoing?.() === true) await departure.failed(reason)
  else await departure.givenUp(reason)
}

/** What this node does not let go on is told as a provider tells it. */
function answerTo(request: JsonRpcRequest, reason: McpError): JsonRpcMessage {
  const { code, message: sentence } = reason
  return code === 'audit-unavailable'
    ? refusalAnswer(request, { allowed: false, code, sentence })
    : errorAnswer(request.id, reason)
}

async function nextMessage(
  { lines }: OpenedStream,
  { request, delivered }: CarriedRequest,
  limits: RelayLimits,
): Promise<Received> {
  for (;;) {
    const line = await lines.next(limits.messageBytesMax)
    if (line === undefined) {
      throw new McpError('stream-ended', 'the peer closed the call without a response')
    }
    if (!isControlLine(line)) {
      const message = expectMessage(parseMessage(line, limits), request)
      return { message, bytes: line.length }
    }
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
  if (answeredId(message) === null) return { ...message, id: request.id }
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
