import { encodeServerEvent } from '../http/server-events.ts'
import { McpError } from '../mcp-error.ts'
import { encodeMessage, messageText } from '../message-door.ts'
import { errorAnswer } from '../rpc-answer.ts'
import { answerOf, failedEnd } from './call-end.ts'
import type { CallEnding } from './call-ending.ts'
import { refusalAnswer } from './gatekeeper.ts'

/**
 * Ends a call whose event stream has ended without its answer; the event that says so in its place. Without it a host
 * waits for as long as it has patience.
 */
export async function missingAnswer(ending: CallEnding): Promise<Uint8Array> {
  const sentence = 'the server ended the stream without an answer'
  const error = new McpError('server-unreachable', sentence)
  const message = errorAnswer(ending.request.id, error)
  const answer = answerOf(message, encodeMessage(message))
  const verdict = await ending.end(failedEnd(error.code, answer))
  const given = verdict.allowed ? message : refusalAnswer(ending.request, verdict)
  return encodeServerEvent({
    data: messageText(given),
    hasData: true,
    id: undefined,
    retryMs: undefined,
  })
}
