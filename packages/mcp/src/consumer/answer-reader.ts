import type { CallAnswer } from '../gate.ts'
import { encodeServerEvent, readServerEvents, type ServerEvent } from '../http/server-events.ts'
import { answeredId, isResponse, type JsonRpcMessage, type JsonRpcResponse } from '../json-rpc.ts'
import { McpError } from '../mcp-error.ts'
import { encodeMessage, MessageError, messageText, parseMessage } from '../message-door.ts'
import type { MessageLimits } from '../message-limits.ts'
import { wordOfNode } from '../word-of-node.ts'
import type { CallDeparture } from './call-departure.ts'
import type { SessionCalls } from './session-calls.ts'

/** What an HTTP response may hold answers to. */
export interface AnswerReaderInit {
  /** The request that it is the response to; absent where that asks for no answer. */
  readonly own: CallDeparture | undefined
  /** Those of its session. */
  readonly calls: SessionCalls | undefined
  readonly limits: MessageLimits
}

/** Reads an HTTP response, and gives nothing of it but what it has understood, in its own words. */
export interface AnswerReader {
  /**
   * What the host may have, each answer once its call is told of it.
   *
   * @throws McpError `peer-protocol`: the host must not have what comes next; `audit-unavailable`; what the body throws
   */
  read(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array>
  /** Whether the server has said from where the response may be taken up again. */
  readonly isResumable: boolean
}

/** Reads a response that is one message, the answer to its own request, and holds it until it is whole. */
export class BodyReader implements AnswerReader {
  readonly isResumable = false
  readonly #init: AnswerReaderInit

  constructor(init: AnswerReaderInit) {
    this.#init = init
  }

  async *read(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { own, limits } = this.#init
    const bytes = await wholeOf(body, limits)
    if (bytes.length === 0) return
    const message = messageIn(bytes, limits)
    if (isResponse(message)) this.#takeResponse(message)
    // What asks for an answer is given nothing else in its place.
    else if (own !== undefined) throw unexpected()
    yield encodeMessage(message)
  }

  #takeResponse(message: JsonRpcResponse): void {
    const { own } = this.#init
    const id = answeredId(message)
    if (id !== null && id !== own?.id) throw unexpected()
    if (own?.isOpen === false) throw unexpected()
    own?.answered(toAnswer(message))
  }
}

/**
 * Reads an event stream. In a session it may bring the answer of any request of that session, each of which is told before
 * the host has it. What it brings for no request that is open, or in no form that this node can read, goes no further.
 */
export class EventReader implements AnswerReader {
  readonly #init: AnswerReaderInit
  #lastEventId = ''
  #unnamed: JsonRpcResponse | undefined

  constructor(init: AnswerReaderInit) {
    this.#init = init
  }

  get isResumable(): boolean {
    return this.#lastEventId !== ''
  }

  async *read(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const event of readServerEvents(body, this.#init.limits.messageBytesMax)) {
        if (event.id !== undefined) this.#lastEventId = event.id
        yield encodeServerEvent(await this.#letOn(event))
      }
    } catch (error) {
      throw error instanceof McpError && error.code === 'message-too-long' ? unreadable() : error
    } finally {
      // An error that names no request answers its own only if nothing else does.
      if (this.#unnamed !== undefined) this.#init.own?.answered(toAnswer(this.#unnamed))
    }
  }

  async #letOn(event: ServerEvent): Promise<ServerEvent> {
    if (event.data === '') return event
    // Many a host takes an event of any type for a message.
    if (event.type !== 'message') throw unreadable()
    const message = messageIn(event.data, this.#init.limits)
    if (isResponse(message)) await this.#takeResponse(message)
    return { ...event, data: messageText(message) }
  }

  async #takeResponse(message: JsonRpcResponse): Promise<void> {
    const { own, calls } = this.#init
    const id = answeredId(message)
    if (id === null) {
      this.#unnamed ??= message
      return
    }
    if (own !== undefined && id === own.id) return answerOpen(own, message)
    const call = calls?.find(id)
    await call?.recorded()
    // It may have ended meanwhile, and then this is not what it ended with.
    if (call?.isOpen === true) return answerOpen(call, message)
    // The provider says of a call that has ended that it has.
    const isWord = wordOfNode(message) !== undefined && calls?.mayAnswer(id) === false
    if (!isWord) throw unexpected()
  }
}

/** @throws McpError `peer-protocol` where another stream has brought an answer before */
function answerOpen(call: CallDeparture, message: JsonRpcResponse): void {
  if (!call.isOpen) throw unexpected()
  call.answered(toAnswer(message))
}

function toAnswer(message: JsonRpcResponse): CallAnswer {
  return { message, bytes: encodeMessage(message).length - 1 }
}

/** @throws McpError `peer-protocol`, and whatever the body throws */
async function wholeOf(
  body: AsyncIterable<Uint8Array>,
  { messageBytesMax }: MessageLimits,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > messageBytesMax) throw unreadable()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** @throws McpError `peer-protocol` */
function messageIn(text: Uint8Array | string, limits: MessageLimits): JsonRpcMessage {
  try {
    return parseMessage(text, limits)
  } catch (error) {
    throw error instanceof MessageError ? unreadable() : error
  }
}

function unexpected(): McpError {
  return new McpError('peer-protocol', 'the peer gave an answer for which nobody waits any more')
}

function unreadable(): McpError {
  const sentence = 'the peer sent what this node cannot read, and a host may take for an answer'
  return new McpError('peer-protocol', sentence)
}
