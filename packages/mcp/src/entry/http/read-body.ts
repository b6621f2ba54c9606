import type { IncomingMessage } from 'node:http'
import type { JsonRpcMessage } from '../../json-rpc.ts'
import { parseMessage } from '../../message-door.ts'
import type { MessageLimits } from '../../message-limits.ts'
import { EntryError } from './entry-error.ts'

/** A body that is this much too long is read to its end, so that the answer arrives before the connection closes. */
const EXCESS_FACTOR_MAX = 4

/**
 * The one JSON-RPC message of a POST.
 *
 * @throws MessageError when it does not pass the door; EntryError `media-type-wrong`, `body-too-long`, `request-malformed`
 */
export async function readBody(
  request: IncomingMessage,
  limits: MessageLimits,
): Promise<JsonRpcMessage> {
  const [mediaType = ''] = (request.headers['content-type'] ?? '').split(';')
  if (mediaType.trim().toLowerCase() !== 'application/json') {
    throw new EntryError('media-type-wrong', 'a message is sent as application/json')
  }
  if (request.headers['content-encoding'] !== undefined) {
    throw new EntryError('media-type-wrong', 'a message is sent without content coding')
  }
  return parseMessage(await readBytes(request, limits.messageBytesMax), limits)
}

async function readBytes(request: IncomingMessage, bytesMax: number): Promise<Uint8Array> {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax * EXCESS_FACTOR_MAX) {
    throw tooLong(bytesMax)
  }
  const chunks: Uint8Array[] = []
  let length = 0
  const source: AsyncIterable<unknown> = request.iterator({ destroyOnReturn: false })
  try {
    for await (const chunk of source) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError('a body has no encoding')
      length += chunk.length
      if (length > bytesMax * EXCESS_FACTOR_MAX) throw tooLong(bytesMax)
      if (length <= bytesMax) chunks.push(chunk)
      else chunks.length = 0
    }
  } catch (error) {
    if (error instanceof EntryError || error instanceof TypeError) throw error
    throw new EntryError('request-malformed', 'the body was cut off', { cause: error })
  }
  if (length > bytesMax) throw tooLong(bytesMax)
  return Buffer.concat(chunks)
}

function tooLong(bytesMax: number): EntryError {
  return new EntryError('body-too-long', `a message has at most ${bytesMax} bytes`)
}
