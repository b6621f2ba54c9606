import type { JsonRpcError, JsonRpcMessage } from './json-rpc.ts'
import { LineReader } from './line-reader.ts'
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
 * A line that is not a message is answered and passed over. A line beyond the byte limit is
 * answered and then thrown, since what follows it cannot be told from it.
 *
 * @throws McpError `message-too-long`, and whatever the source throws
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
      if (error instanceof McpError) await refuse(errorAnswer(null, error))
      throw error
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
