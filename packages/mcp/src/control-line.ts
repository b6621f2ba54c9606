import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '@warren/core'
import { isMcpErrorCode, McpError } from './mcp-error.ts'

/**
 * A line of the provider that is not JSON-RPC. It is a JSON array, and so cannot be mistaken for a message.
 *
 * `ok` or `failed` is the first line where one is due; `after` says how many messages of the
 * session stream go before the next line; `end` is the last line of a session stream, and says why.
 */
export type ControlLine =
  | { readonly type: 'ok'; readonly body: JsonObject }
  | { readonly type: 'failed'; readonly error: McpError }
  | { readonly type: 'after'; readonly count: number }
  | { readonly type: 'end'; readonly error: McpError }

/** An answer to `servers` is the longest: 256 servers with their titles. */
export const CONTROL_BYTES_MAX: number = 256 * 1024

const SENTENCE_LENGTH_MAX = 1_000
/** What a terminal would take as more than text. */
const CONTROL_CHARACTERS = /\p{Cc}/gu
const OPEN_BRACKET = 0x5b

export function encodeControlLine(line: ControlLine): Uint8Array {
  return Buffer.from(`${JSON.stringify([line.type, contentOf(line)])}\n`)
}

export function isControlLine(line: Uint8Array): boolean {
  return line[0] === OPEN_BRACKET
}

/**
 * Reads a control line of a provider.
 *
 * @throws McpError `peer-protocol`
 */
export function parseControlLine(line: Uint8Array): ControlLine {
  const [type, content] = parseArray(line)
  if (type === 'after' && typeof content === 'number' && Number.isSafeInteger(content)) {
    return { type, count: content }
  }
  if (isJsonObject(content)) {
    if (type === 'ok') return { type, body: content }
    if (type === 'failed' || type === 'end') return { type, error: errorOf(content) }
  }
  throw protocolError('the peer sent a line that the relay does not know')
}

function contentOf(line: ControlLine): JsonValue {
  if (line.type === 'ok') return line.body
  if (line.type === 'after') return line.count
  return { code: line.error.code, message: line.error.message }
}

/** A code that this version does not know is told as a refusal; the sentence stays. */
function errorOf({ code, message }: JsonObject): McpError {
  const sentence =
    typeof message === 'string' && message.length <= SENTENCE_LENGTH_MAX
      ? message.replaceAll(CONTROL_CHARACTERS, ' ')
      : 'the peer gave no reason'
  return new McpError(isMcpErrorCode(code) ? code : 'refused', sentence)
}

function parseArray(line: Uint8Array): readonly JsonValue[] {
  const limits = { lengthMax: CONTROL_BYTES_MAX, depthMax: 8, keysMax: 4_096 }
  try {
    const value = parseJson(new TextDecoder('utf-8', { fatal: true }).decode(line), limits)
    if (isArray(value)) return value
  } catch (error) {
    throw new McpError('peer-protocol', 'the peer sent a line that is not JSON', { cause: error })
  }
  throw protocolError('the peer sent a message where a control line was due')
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function protocolError(message: string): McpError {
  return new McpError('peer-protocol', message)
}
