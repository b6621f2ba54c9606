import { asMcpError, McpError } from '../mcp-error.ts'
import {
  type AnswerReader,
  type AnswerReaderInit,
  BodyReader,
  EventReader,
} from './answer-reader.ts'

export interface ExchangeWatchInit extends AnswerReaderInit {
  /** Whether the response is an event stream. */
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
 * Reads an HTTP response: for the answer to the request that it is the response to, and, in an event stream of a session,
 * for those to all requests of it. What has been read goes on, as this node has read it.
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

  /** What the host is given, of which those have learnt whose answers it is, or that it is not. */
  async *reading(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.#isRead = true
    let reason = NO_ANSWER
    let isWhole = false
    let isEmpty = true
    try {
      for await (const bytes of this.#answers.read(body)) {
        isEmpty = false
        this.#init.own?.passes(bytes)
        yield bytes
      }
      isWhole = true
    } catch (error) {
      reason = asMcpError(error, 'stream-ended', 'the response was cut off')
      throw error
    } finally {
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
    if (this.#answers.isResumable && calls?.keep(own, giveUp) === true) return
    if (isWhole) await own.failed(isEmpty ? NO_ANSWER : UNREAD)
    else giveUp(reason)
  }
}
