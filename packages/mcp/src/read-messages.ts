import type { JsonRpcError, JsonRpcMessage } from './json-rpc.ts'
import { LineReader } from './line-reader.ts'
import { idOfLongRequest } from './long-request.ts'
import { McpError } from './mcp-error.ts'
import { MessageError, parseMessage } from './message-door.ts'
import type { MessageLimits } from './message-limits.ts'
import { errorAnswer } from './rpc-answer.ts'

export interface ReadMessagesInit {
  readonly limits: MessageLimits
  /** Sends the answer to a line that is not a message. */
  readonly refuse: (answer: JsonRpcError) => Promise<void>
}

/**
 * The messages of a newline-delimited byte stream, each through the door.
 *
 * A line that is not a message is answered and passed over, and so is one beyond the byte limit,
 * of which no more than the limit is ever held.
 *
 * @throws whatever the source throws
 */
export async function* readMessages(
  source: AsyncIterable<Uint8Array>,
  { limits, refuse }: ReadMessagesInit,
): AsyncGenerator<JsonRpcMessage> {
  const lines = new LineReader(source)
  for (;;) {
    let line: Uint8Array | undefined
    try {
      line = await lines.next(limits.messageBytesMax)
    } catch (error) {
      if (!(error instanceof McpError) || error.code !== 'message-too-long') throw error
      await refuse(errorAnswer(idOfLongRequest(await lines.passOver()), error))
      continue
    }
    if (line === undefined) return
    const message = read(line, limits)
    if (message instanceof MessageError) await refuse(errorAnswer(message.id, message))
    else yield message
  }
}

function read(line: Uint8Array, limits: MessageLimits): JsonRpcMessage | MessageError {
  try {
    return parseMessage(line, limits)
  } catch (error) {
    if (error instanceof MessageError) return error
    throw error
  }
}
