import type { IncomingMessage } from 'node:http'
import { type ByteAccount, UNBOUNDED_ACCOUNT } from '../byte-account.ts'
import type { JsonRpcMessage } from '../json-rpc.ts'
import { McpError } from '../mcp-error.ts'
import { parseMessage } from '../message-door.ts'
import type { MessageLimits } from '../message-limits.ts'
import { mediaTypeOf } from './http-call.ts'
import { readServerEvents } from './server-events.ts'

/** Where an event stream stands, for whoever has to take it up again. */
export interface EventCursor {
  lastEventId: string | undefined
  retryMs: number
}

/**
 * The messages of a response, one JSON body or an event stream, each through the door.
 *
 * @throws McpError `message-not-json`, `message-invalid`, `message-too-long`, `server-answer-unacceptable`
 */
export async function* responseMessages(
  response: IncomingMessage,
  limits: MessageLimits,
  cursor: EventCursor,
): AsyncGenerator<JsonRpcMessage> {
  const type = mediaTypeOf(response)
  if (type === 'application/json') {
    yield parseMessage(await readBody(response, limits.messageBytesMax), limits)
    return
  }
  if (type !== 'text/event-stream') {
    response.destroy()
    const sentence = 'the server answered with neither JSON nor an event stream'
    throw new McpError('server-answer-unacceptable', sentence)
  }
  for await (const event of readServerEvents(response, limits.messageBytesMax)) {
    if (event.id !== undefined && event.id !== '') cursor.lastEventId = event.id
    if (event.retryMs !== undefined) cursor.retryMs = event.retryMs
    if (event.data !== '' && event.type === 'message') yield parseMessage(event.data, limits)
  }
}

/** @throws McpError `message-too-long`, `bytes-exhausted` */
export async function readBody(
  response: IncomingMessage,
  bytesMax: number,
  account: ByteAccount = UNBOUNDED_ACCOUNT,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunksOf(response)) {
    length += chunk.length
    if (length > bytesMax) {
      throw new McpError('message-too-long', `a body has at most ${bytesMax} bytes`)
    }
    account.holds(length)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** A response is read in bytes: no encoding is ever set on it. */
export function chunksOf(response: IncomingMessage): AsyncIterable<Uint8Array> {
  return response
}
