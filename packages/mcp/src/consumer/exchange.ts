import type { JsonObject } from '@warren/core'
import { requestFields, responseFields } from '../http/header-fields.ts'
import type { JsonRpcMessage } from '../json-rpc.ts'
import { asMcpError, McpError } from '../mcp-error.ts'
import { encodeMessage } from '../message-door.ts'
import { headerFields, type HttpMethod } from '../stream-header.ts'
import { type OpenedStream, openAnswered } from './open-stream.ts'
import { type ConsumerOptions, limitsOf, type PeerServer } from './peer.ts'

/** One HTTP request of a host, for a server that speaks Streamable HTTP itself. */
export interface ExchangeRequest {
  readonly method: HttpMethod
  /** Only what the allow-list names passes. */
  readonly headers: Readonly<Record<string, string>>
  /** The parsed body of a POST. */
  readonly message?: JsonRpcMessage
}

/** The server's HTTP response, as it comes. */
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
  { method, headers, message }: ExchangeRequest,
  options: ConsumerOptions,
): Promise<ExchangeResponse> {
  const header = {
    kind: 'exchange',
    server: peer.server,
    method,
    headers: requestFields(headers),
  } as const
  const first = message === undefined ? {} : { first: encodeMessage(message) }
  const { exchangeMs: openMs } = limitsOf(peer)
  const asked = { open: peer.open, header, complete: true, openMs, ...first }
  const opened = await openAnswered(asked, options)
  return {
    ...statusOf(opened.body),
    body: bodyOf(opened),
    abort: (reason) => opened.stream.abort(reason),
  }
}

function statusOf({ status, headers }: JsonObject): Pick<ExchangeResponse, 'status' | 'headers'> {
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
