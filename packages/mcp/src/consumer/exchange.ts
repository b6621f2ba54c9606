import type { JsonObject } from '@warren/core'
import { mediaTypeIn, requestFields, responseFields } from '../http/header-fields.ts'
import type { JsonRpcMessage } from '../json-rpc.ts'
import { asMcpError, McpError } from '../mcp-error.ts'
import { encodeMessage } from '../message-door.ts'
import type { MeshStream } from '../mesh-stream.ts'
import { headerFields, type HttpMethod } from '../stream-header.ts'
import { CallDeparture } from './call-departure.ts'
import { clientNameIn } from './client-name.ts'
import { ExchangeWatch } from './exchange-watch.ts'
import { type OpenedStream, openAnswered } from './open-stream.ts'
import { type ConsumerOptions, limitsOf, type PeerServer } from './peer.ts'
import type { SessionCalls } from './session-calls.ts'

/** One HTTP request of a host, for a server that speaks Streamable HTTP itself. */
export interface ExchangeRequest {
  readonly method: HttpMethod
  /** Only what the allow-list names passes. */
  readonly headers: Readonly<Record<string, string>>
  /** The parsed body of a POST. */
  readonly message?: JsonRpcMessage
  /** The requests of the session to which it belongs. */
  readonly calls?: SessionCalls
}

/** The server's HTTP response: as it comes, or, where there is a journal, what this node has understood of it. */
export interface ExchangeResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Not reading it is back-pressure to the server; throws an `McpError` when it is cut off. */
  readonly body: AsyncIterable<Uint8Array>
  /** Gives the exchange up, here and at the server. May be called again, without effect. */
  abort(reason: Error): void
}

/**
 * Carries one HTTP exchange on a stream of its own.
 *
 * @throws McpError what the provider says, `peer-unreachable`, `peer-protocol`
 */
export async function openExchange(
  peer: PeerServer,
  request: ExchangeRequest,
  options: ConsumerOptions,
): Promise<ExchangeResponse> {
  const { method, message } = request
  const headers = requestFields(request.headers)
  const header = { kind: 'exchange', server: peer.server, method, headers } as const
  const { exchangeMs: openMs, ...limits } = limitsOf(peer)
  // Where nobody writes down what is asked, nobody has to know what it is answered.
  const calls = peer.journal === undefined ? undefined : request.calls
  const carried = message === undefined ? undefined : departing(peer, message)
  const departure = carried?.departure
  const leaves = (stream: MeshStream): void => {
    departure?.leave(stream)
    if (departure !== undefined) calls?.add(departure)
  }
  const first = carried === undefined ? {} : { first: carried.line }
  const asked = { open: peer.open, header, complete: true, openMs, leaves, ...first }
  const recorded = await openRecorded(asked, departure, options)
  if (peer.journal === undefined) {
    const { opened, head } = recorded
    return { ...head, body: bodyOf(opened), abort: (reason) => opened.stream.abort(reason) }
  }
  const own = departure?.id === undefined ? undefined : departure
  const isEvents = isEventStream(recorded.head)
  return watched(recorded, new ExchangeWatch({ own, calls, isEvents, limits }), options)
}

function watched(
  { opened, head }: RecordedExchange,
  watch: ExchangeWatch,
  { signal }: ConsumerOptions,
): ExchangeResponse {
  const giveUp = (reason: unknown): void =>
    watch.giveUp(asMcpError(reason, 'stream-ended', 'nobody reads the response any more'))
  signal.addEventListener('abort', () => giveUp(signal.reason), { once: true })
  return {
    ...head,
    body: watch.reading(bodyOf(opened)),
    abort: (reason) => {
      giveUp(reason)
      opened.stream.abort(reason)
    },
  }
}

function isEventStream({ headers }: RecordedExchange['head']): boolean {
  return mediaTypeIn(headers['content-type']) === 'text/event-stream'
}

function departing(
  peer: PeerServer,
  message: JsonRpcMessage,
): { readonly departure: CallDeparture; readonly line: Uint8Array } {
  const line = encodeMessage(message)
  const client = clientNameIn(message)
  const who = client === undefined ? {} : { client }
  const departure = new CallDeparture(peer.journal, { message, bytes: line.length - 1, ...who })
  return { departure, line }
}

interface RecordedExchange {
  readonly opened: OpenedStream
  readonly head: Pick<ExchangeResponse, 'status' | 'headers'>
}

/** Opens the stream, reads the head of the response, and waits until it is written down what went with the request. */
async function openRecorded(
  asked: Parameters<typeof openAnswered>[0],
  departure: CallDeparture | undefined,
  options: ConsumerOptions,
): Promise<RecordedExchange> {
  let opened: OpenedStream | undefined
  try {
    const { body, ...accepted } = await openAnswered(asked, options)
    opened = accepted
    const head = headOf(body)
    await departure?.recorded()
    return { opened, head }
  } catch (error) {
    const reason = asMcpError(error, 'stream-ended', 'the peer closed the stream')
    opened?.stream.abort(reason)
    if (options.signal.aborted) await departure?.givenUp(reason)
    else await departure?.failed(reason)
    throw reason
  }
}

/** @throws McpError `peer-protocol`, `header-malformed` */
function headOf({ status, headers }: JsonObject): RecordedExchange['head'] {
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599) {
    throw new McpError('peer-protocol', 'the peer sent no HTTP status')
  }
  return { status, headers: responseFields(headerFields(headers)) }
}

async function* bodyOf({ stream, lines }: OpenedStream): AsyncGenerator<Uint8Array> {
  try {
    yield* lines.remaining()
  } catch (error) {
    throw asMcpError(error, 'stream-ended', 'the response was cut off')
  } finally {
    // Has no effect on a response that has been read to its end; a reader that stopped early gives it up.
    stream.abort(new McpError('stream-ended', 'nobody reads the response any more'))
  }
}
