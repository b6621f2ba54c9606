import { asMcpError, McpError } from '../mcp-error.ts'
import {
  type AnswerReader,
  type AnswerReaderInit,
  BodyReader,
  EventReader,
} from './answer-reader.ts'

export interface ExchangeWatchInit extends AnswerReaderInit {
  /** Whether a host reads the response as an event stream. */
  readonly isEvents: boolean
}

/** How a response ended. */
interface ResponseEnd {
  readonly isWhole: boolean
  readonly isEmpty: boolean
  readonly reason: McpError
}

const NO_ANSWER = new McpError('stream-ended', 'the response holds no answer to the request')

const UNREAD = new McpError(
  'answer-unread',
  'the response holds bytes, but none that are an answer',
)

/**
 * Reads along in an HTTP response: for the answer to the request that it is the response to, and, in an event stream of a
 * session, for those to all requests of it. What is read goes on unchanged.
 */
export class ExchangeWatch {
  readonly #init: ExchangeWatchInit
  readonly #answers: AnswerReader
  #isGivenUp = false
  #isRead = false

  constructor(init: ExchangeWatchInit) {
    this.#init = init
    this.#answers = init.isEvents ? new EventReader(init) : new BodyReader(init)
  }

  /** Says that it is the host that ends the response, which perhaps nobody has begun to read. */
  giveUp(reason: McpError): void {
    this.#isGivenUp = true
    if (!this.#isRead) void this.#init.own?.givenUp(reason)
  }

  /** The same bytes, of which those learn whose answers they are, or that they are not. */
  async *reading(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.#isRead = true
    let reason = NO_ANSWER
    let isWhole = false
    let isEmpty = true
    try {
      for await (const chunk of body) {
        isEmpty &&= chunk.length === 0
        await this.#answers.take(chunk)
        this.#init.own?.passes(chunk)
        yield chunk
      }
      isWhole = true
    } catch (error) {
      reason = asMcpError(error, 'stream-ended', 'the response was cut off')
      throw error
    } finally {
      this.#answers.end()
      await this.#over({ isWhole, isEmpty, reason })
    }
  }

  /** In a session, what can be taken up again may be answered elsewhere yet; else this was all. */
  async #over({ isWhole, isEmpty, reason }: ResponseEnd): Promise<void> {
    const { own, calls } = this.#init
    if (own === undefined) return
    const isCut = !isWhole && reason !== NO_ANSWER && !this.#isGivenUp
    const giveUp = (why: McpError): void => {
      if (isWhole) own.abandoned(why)
      else void (isCut ? own.failed(reason) : own.givenUp(reason))
    }
    if (!own.isUnread && this.#answers.isResumable && calls?.keep(own, giveUp) === true) return
    if (isWhole) await own.failed(isEmpty ? NO_ANSWER : UNREAD)
    else giveUp(reason)
  }
}
