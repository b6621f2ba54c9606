import { CodedError } from '@warren/core'
import type { CallAnswer, CallEnd } from '../gate.ts'
import type { JsonRpcMessage } from '../json-rpc.ts'
import { McpError, type McpErrorCode } from '../mcp-error.ts'

/** Limits and rules of the provider: the server has not been asked, or its answer is not the caller's to have. */
const REFUSALS: ReadonlySet<string> = new Set<McpErrorCode>([
  'server-unknown',
  'session-unknown',
  'header-mismatch',
  'session-taken',
  'request-taken',
  'sessions-exhausted',
  'requests-exhausted',
  'bytes-exhausted',
])

/** What the provider ends streams with, whatever their callers want. */
const PROVIDER_ENDS: ReadonlySet<McpErrorCode> = new Set([
  'caller-dropped',
  'server-withdrawn',
  'host-stalled',
  'stopped',
])

/** How a stream is lost that either end would have gone on with. */
const LOSSES: ReadonlySet<McpErrorCode> = new Set(['server-unreachable', 'stream-ended'])

/** What the network says of a stream that the caller itself has given up. */
const CALLER_ENDS: ReadonlySet<string> = new Set(['call-ended-by-peer', 'stream-reset'])

/** The end that a server's response is. */
export function answeredEnd(answer: CallAnswer): CallEnd {
  return { outcome: Object.hasOwn(answer.message, 'result') ? 'answered' : 'error', answer }
}

/** The end of a request that got no response from its server, for that reason. */
export function failedEnd(code: string, answer?: CallAnswer): CallEnd {
  const outcome = REFUSALS.has(code) ? 'refused' : 'failed'
  return answer === undefined ? { outcome, code } : { outcome, code, answer }
}

/** The end of a request whose stream is over: taken back, or failed where that was not the caller's doing. */
export function abortedEnd(reason: unknown): CallEnd {
  if (!(reason instanceof CodedError)) return { outcome: 'cancelled' }
  const { code } = reason
  const isCallers =
    reason instanceof McpError ? !PROVIDER_ENDS.has(reason.code) : CALLER_ENDS.has(code)
  return isCallers ? { outcome: 'cancelled' } : failedEnd(code)
}

/** Whether what a stream ended with ends its call as well, though another stream could take it up: the provider wants it so, or a limit does. */
export function endsForGood(reason: unknown): boolean {
  return reason instanceof McpError && !LOSSES.has(reason.code)
}

/** A message on its line, as an answer. */
export function answerOf(message: JsonRpcMessage, line: Uint8Array): CallAnswer {
  return { message, bytes: line.length - 1 }
}
