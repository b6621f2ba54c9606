import { readServerEvents } from '../http/server-events.ts'
import { MessageQueue } from '../entry/message-queue.ts'
import { isResponse, type JsonRpcMessage } from '../json-rpc.ts'
import { asMcpError, McpError } from '../mcp-error.ts'
import { parseMessage } from '../message-door.ts'
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
    try {
      for await (const chunk of body) {
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
      if (isWhole || (reason !== NO_ANSWER && !this.#isGivenUp)) await departure.failed(reason)
      else await departure.givenUp(reason)
    }
  }

  /** What cannot be read is the host's to judge: it gets the same bytes. */
  async #readAlong(): Promise<void> {
    const { headers } = this.#init
    try {
      const isStream = headers['content-type']?.startsWith('text/event-stream') === true
      if (isStream) await this.#readEvents()
      else await this.#readBody()
    } catch (error) {
      if (!(error instanceof McpError)) throw error
    } finally {
      this.#isOver = true
      this.#chunks.end()
    }
  }

  async #readEvents(): Promise<void> {
    const { limits } = this.#init
    for await (const event of readServerEvents(this.#chunks, limits.messageBytesMax)) {
      if (event.data !== '' && event.type === 'message') this.#take(event.data)
      if (!this.#init.departure.isOpen) return
    }
  }

  async #readBody(): Promise<void> {
    const { messageBytesMax } = this.#init.limits
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of this.#chunks) {
      length += chunk.length
      if (length > messageBytesMax) return
      chunks.push(chunk)
    }
    if (length > 0) this.#take(Buffer.concat(chunks))
  }

  #take(text: Uint8Array | string): void {
    const { message: request, limits, departure } = this.#init
    const message = parseMessage(text, limits)
    if (!isResponse(message)) return
    if (message.id !== null && message.id !== request['id']) return
    departure.answered({ message, bytes: Buffer.byteLength(text) })
  }
}
