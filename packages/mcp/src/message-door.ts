import { isJsonObject, JsonError, type JsonObject, type JsonValue, parseJson } from '@warren/core'
import { isRequestId, type JsonRpcMessage, type RequestId } from './json-rpc.ts'
import { McpError } from './mcp-error.ts'
import type { MessageLimits } from './message-limits.ts'

/** What could be learnt of the ids in a text that is not a message to be relayed. */
interface Traces {
  /** The id to answer with; null where it could not be read. */
  readonly id: RequestId | null
  /** The request of the other side that the text was meant to answer. */
  readonly responseTo: RequestId | undefined
}

const NO_TRACES: Traces = { id: null, responseTo: undefined }

/** A text that is not a message to be relayed: answered with -32700 or -32600, never with silence. */
export class MessageError extends McpError {
  readonly id: RequestId | null
  readonly responseTo: RequestId | undefined

  constructor(
    code: 'message-not-json' | 'message-invalid' | 'message-too-long',
    message: string,
    traces: Traces = NO_TRACES,
  ) {
    super(code, message)
    this.id = traces.id
    this.responseTo = traces.responseTo
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads one line as a JSON-RPC 2.0 message.
 *
 * The object is the only thing that may be relayed: it is serialised again, the received bytes are
 * dropped. Members that JSON-RPC does not know are kept at every level.
 *
 * @throws MessageError; answer it with `errorAnswer(error.id, error)`
 */
export function parseMessage(line: Uint8Array | string, limits: MessageLimits): JsonRpcMessage {
  if (line.length > limits.messageBytesMax) {
    throw new MessageError(
      'message-too-long',
      `a message has at most ${limits.messageBytesMax} bytes`,
    )
  }
  const value = parseText(typeof line === 'string' ? line : decode(line), limits)
  if (!isJsonObject(value))
    throw invalid('a message is one JSON object; batches are not part of MCP')
  if (!isMessage(value)) throw invalid(whatIsWrong(value), tracesOf(value))
  return value
}

/** Where readers of lines cut besides, and JSON does not escape. */
const LINE_SEPARATORS = /[\u0085\u2028\u2029]/g
const HEX = 16

/**
 * A message as it is told and as it travels: its own serialisation, in which the Unicode line separators are escaped,
 * since many a reader of lines cuts there as well.
 */
export function messageText(message: JsonObject): string {
  return JSON.stringify(message).replaceAll(
    LINE_SEPARATORS,
    (separator) => String.raw`\u` + separator.charCodeAt(0).toString(HEX).padStart(4, '0'),
  )
}

/** The line on which a message travels: its text and a newline. */
export function encodeMessage(message: JsonObject): Uint8Array {
  return Buffer.from(`${messageText(message)}\n`)
}

function decode(line: Uint8Array): string {
  try {
    return UTF8.decode(line)
  } catch {
    // The decoder says only that the bytes are not UTF-8, and so does this.
    throw new MessageError('message-not-json', 'a message is JSON in UTF-8')
  }
}

function parseText(text: string, limits: MessageLimits): JsonValue {
  try {
    return parseJson(text, {
      lengthMax: limits.messageBytesMax,
      depthMax: limits.depthMax,
      keysMax: limits.keysMax,
    })
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    if (error.code === 'json-malformed') throw new MessageError('message-not-json', error.message)
    throw invalid(error.message, tracesIn(text, error))
  }
}

function isMessage(value: JsonObject): value is JsonRpcMessage {
  return whatIsWrong(value) === ''
}

/** The rule that the object breaks, or nothing. As in MCP's schema: no null ids, object parameters, object results. */
function whatIsWrong(value: JsonObject): string {
  if (value['jsonrpc'] !== '2.0') return 'jsonrpc must be "2.0"'
  if (Object.hasOwn(value, 'method')) return whatIsWrongWithCall(value)
  if (Object.hasOwn(value, 'result') === Object.hasOwn(value, 'error')) {
    return 'a message has a method, a result or an error'
  }
  if (Object.hasOwn(value, 'error')) return whatIsWrongWithError(value)
  if (!isRequestId(value['id'])) return 'id must be a string or an integer'
  return isJsonObject(value['result']) ? '' : 'result must be an object'
}

function whatIsWrongWithCall(value: JsonObject): string {
  if (typeof value['method'] !== 'string') return 'method must be a string'
  if (Object.hasOwn(value, 'id') && !isRequestId(value['id'])) {
    return 'id must be a string or an integer'
  }
  if (Object.hasOwn(value, 'params') && !isJsonObject(value['params'])) {
    return 'params must be an object'
  }
  const answers = Object.hasOwn(value, 'result') || Object.hasOwn(value, 'error')
  return answers ? 'a message with a method has neither result nor error' : ''
}

function whatIsWrongWithError(value: JsonObject): string {
  // An error may come without an id: the request it answers could not be read (JSON-RPC 2.0 §5).
  const id = value['id'] ?? null
  if (id !== null && !isRequestId(id)) return 'id must be a string or an integer'
  const { error } = value
  if (!isJsonObject(error) || !Number.isSafeInteger(error['code'])) {
    return 'error.code must be an integer'
  }
  return typeof error['message'] === 'string' ? '' : 'error.message must be a string'
}

/** JSON.parse copes with any depth and any number; nothing of its value is kept but the ids. */
function tracesIn(text: string, error: JsonError): Traces {
  if (error.code === 'json-too-long') return NO_TRACES
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? tracesOf(value) : NO_TRACES
  } catch {
    // Too deep and, further on, not JSON either: there is no id to answer with.
    return NO_TRACES
  }
}

function tracesOf(value: JsonObject): Traces {
  const { id } = value
  if (!isRequestId(id)) return NO_TRACES
  // The id of a response is one of the receiver's own: answering with it would end another request.
  return Object.hasOwn(value, 'method')
    ? { id, responseTo: undefined }
    : { id: null, responseTo: id }
}

function invalid(message: string, traces: Traces = NO_TRACES): MessageError {
  return new MessageError('message-invalid', message, traces)
}
