import { mediaTypeIn } from '../http/header-fields.ts'
import { readServerEvents } from '../http/server-events.ts'
import { MessageQueue } from '../entry/message-queue.ts'
import type { CallAnswer } from '../gate.ts'
import { isResponse, type JsonRpcMessage } from '../json-rpc.ts'
import { asMcpError, McpError } from '../mcp-error.ts'
import { MessageError, parseMessage } from '../message-door.ts'
import type { MessageLimits } from '../message-limits.ts'
import type { CallDeparture } from './call-departure.ts'

export interface ExchangeWatchInit {
  readonly departure: CallDeparture
  /** What was asked. */
  readonly message: JsonRpcMessage
  /** Of the response. */
  readonly headers: Readonly<Record<string, string>>
  readonly limits: MessageLimits
}

/** Chunks that the reader along has not taken. */
const WAITING_MAX = 1
const NO_ANSWER = new McpError('stream-ended', 'the response holds no answer to the request')

const UNREAD = new McpError(
  'answer-unread',
  'the response holds bytes, but none that are an answer',
)

/**
 * Reads along in an HTTP response for the answer to the request that it is the response to. What is read goes on
 * unchanged and is not held up; an answer that is given on another stream is not seen.
 */
export class ExchangeWatch {
  readonly #init: ExchangeWatchInit
  readonly #chunks = new MessageQueue<Uint8Array>(WAITING_MAX)
  readonly #read: Promise<void>
  #isOver = false
  #isGivenUp = false
  #isRead = false

  constructor(init: ExchangeWatchInit) {
    this.#init = init
    this.#read = this.#readAlong()
  }

  /** Says that it is the host that ends the response, which perhaps nobody has begun to read. */
  giveUp(reason: McpError): void {
    this.#isGivenUp = true
    if (!this.#isRead) void this.#init.departure.givenUp(reason)
  }

  /** The same bytes, of which the departure learns what they answer, or that they do not. */
  async *reading(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.#isRead = true
    let reason = NO_ANSWER
    let isWhole = false
    let isEmpty = true
    try {
      for await (const chunk of body) {
        isEmpty &&= chunk.length === 0
        this.#init.departure.passes(chunk)
        if (!this.#isOver) await this.#chunks.push(chunk)
        yield chunk
      }
      isWhole = true
    } catch (error) {
      reason = asMcpError(error, 'stream-ended', 'the response was cut off')
      throw error
    } finally {
      this.#chunks.end()
      await this.#read
      const { departure } = this.#init
      if (isWhole) await departure.failed(isEmpty ? NO_ANSWER : UNREAD)
      else if (reason !== NO_ANSWER && !this.#isGivenUp) await departure.failed(reason)
      else await departure.givenUp(reason)
    }
  }

  /** What cannot be read is the host's to judge: it gets the same bytes. */
  async #readAlong(): Promise<void> {
    const { headers } = this.#init
    try {
      if (mediaTypeIn(headers['content-type']) === 'text/event-stream') await this.#readEvents()
      else await this.#readBody()
    } catch (error) {
      if (!(error instanceof McpError)) throw error
    } finally {
      this.#isOver = true
      this.#chunks.end()
    }
  }

  /** An error that names no request answers this one only if nothing else does. */
  async #readEvents(): Promise<void> {
    const { limits, departure } = this.#init
    let unnamed: CallAnswer | undefined
    for await (const event of readServerEvents(this.#chunks, limits.messageBytesMax)) {
      if (event.data === '' || event.type !== 'message') continue
      const answer = this.#answerInEvent(event.data)
      if (answer === undefined) continue
      if (answer.message['id'] !== null) return departure.answered(answer)
      unnamed ??= answer
    }
    if (unnamed !== undefined) departure.answered(unnamed)
  }

  /** Hosts leave out an event that they cannot read, and go on. */
  #answerInEvent(data: string): CallAnswer | undefined {
    try {
      return this.#answerIn(data)
    } catch (error) {
      if (error instanceof MessageError) return undefined
      throw error
    }
  }

  async #readBody(): Promise<void> {
    const { limits, departure } = this.#init
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of this.#chunks) {
      length += chunk.length
      if (length > limits.messageBytesMax) return
      chunks.push(chunk)
    }
    if (length === 0) return
    const answer = this.#answerIn(Buffer.concat(chunks))
    if (answer !== undefined) departure.answered(answer)
  }

  /** @throws MessageError */
  #answerIn(text: Uint8Array | string): CallAnswer | undefined {
    const { message: request, limits } = this.#init
    const message = parseMessage(text, limits)
    if (!isResponse(message)) return undefined
    if (message.id !== null && message.id !== request['id']) return undefined
    return { message, bytes: Buffer.byteLength(text) }
  }
}
