import type { IncomingMessage } from 'node:http'
import type { ByteAccount } from '../byte-account.ts'
import { mediaTypeOf } from '../http/http-call.ts'
import { chunksOf, readBody } from '../http/response-messages.ts'
import { encodeServerEvent, readServerEvents } from '../http/server-events.ts'
import { isResponse, type JsonRpcMessage, type JsonRpcResponse } from '../json-rpc.ts'
import { McpError, type McpErrorCode } from '../mcp-error.ts'
import { encodeMessage, parseMessage } from '../message-door.ts'
import type { MessageLimits } from '../message-limits.ts'
import { errorAnswer } from '../rpc-answer.ts'
import { answerOf, answeredEnd, failedEnd } from './call-end.ts'
import type { CallEnding } from './call-ending.ts'
import { refusalAnswer } from './gatekeeper.ts'
import type { OpenCalls } from './open-calls.ts'

export interface GuardedResponseInit {
  readonly response: IncomingMessage
  readonly limits: MessageLimits
  /** Hears of what is held back. */
  readonly account: ByteAccount
  /** Of the request that this is the response to, where it carried one whose end the gate wants to know. */
  readonly own: CallEnding | undefined
  /** Those of the session. */
  readonly open: OpenCalls | undefined
}

/** A body as it may go to the caller; `withheld` where it is not the server's. */
export interface GuardedBody {
  readonly line: Uint8Array | undefined
  readonly withheld: boolean
}

/**
 * An HTTP response that may hold the ends of calls: it is parsed, and a response in it leaves as its
 * own serialisation once the gate knows of it. Everything else passes as it comes, in its order.
 */
export class GuardedResponse {
  readonly #init: GuardedResponseInit
  #lastEventId = ''

  constructor(init: GuardedResponseInit) {
    this.#init = init
  }

  get isEventStream(): boolean {
    return mediaTypeOf(this.#init.response) === 'text/event-stream'
  }

  /** Whether the server has said from where the stream may be taken up again. */
  get isResumable(): boolean {
    return this.#lastEventId !== ''
  }

  /**
   * The whole body of a response that is no event stream.
   *
   * @throws McpError `message-too-long`, `bytes-exhausted`, and whatever the response throws
   */
  async body(): Promise<GuardedBody> {
    const { response, limits, account, own } = this.#init
    const bytes = await readBody(response, limits.messageBytesMax, account)
    if (bytes.length === 0) {
      const verdict = await own?.end(failedEnd('server-unreachable'))
      if (own === undefined || verdict?.allowed !== false)
        return { line: undefined, withheld: false }
      return { line: encodeMessage(refusalAnswer(own.request, verdict)), withheld: true }
    }
    const message = this.#parse(bytes)
    const given = message === undefined ? await this.#failed() : await this.#letOut(message, true)
    return { line: encodeMessage(given), withheld: given !== message }
  }

  /**
   * The events of an event stream.
   *
   * @throws McpError `message-too-long`, `bytes-exhausted`, and whatever the response throws
   */
  async *events(): AsyncGenerator<Uint8Array> {
    const { response, limits, account } = this.#init
    const source = new HeldChunks(chunksOf(response), account)
    for await (const event of readServerEvents(source.read(), limits.messageBytesMax)) {
      if (event.id !== undefined) this.#lastEventId = event.id
      if (event.data !== '' && event.type === 'message') {
        const message = this.#parse(event.data)
        const given =
          message === undefined ? await this.#failed() : await this.#letOut(message, false)
        const data = Buffer.from(encodeMessage(given)).toString().trimEnd()
        yield encodeServerEvent({ ...event, data })
      } else yield encodeServerEvent(event)
      source.release()
    }
  }

  #parse(text: Uint8Array | string): JsonRpcMessage | undefined {
    try {
      return parseMessage(text, this.#init.limits)
    } catch (error) {
      if (error instanceof McpError) return undefined
      throw error
    }
  }

  /** What the gate cannot be told of does not leave. */
  async #failed(): Promise<JsonRpcMessage> {
    const { response, own } = this.#init
    const status = response.statusCode ?? 0
    const code: McpErrorCode = status < 300 ? 'server-answer-unacceptable' : 'server-unreachable'
    const sentence =
      status < 300
        ? 'the answer of the server is not a message that can be recorded'
        : `the server answered with HTTP status ${status}`
    const message = errorAnswer(own?.request.id ?? null, new McpError(code, sentence))
    if (own === undefined || own.hasEnded) return message
    const verdict = await own.end(failedEnd(code, answerOf(message, encodeMessage(message))))
    return verdict.allowed ? message : refusalAnswer(own.request, verdict)
  }

  async #letOut(message: JsonRpcMessage, isWhole: boolean): Promise<JsonRpcMessage> {
    if (!isResponse(message)) return message
    const ending = this.#endingOf(message, isWhole)
    if (ending === undefined) return notOpen(message)
    const verdict = await ending.end(answeredEnd(answerOf(message, encodeMessage(message))))
    this.#init.open?.delete(ending)
    return verdict.allowed ? message : refusalAnswer(ending.request, verdict)
  }

  #endingOf({ id }: JsonRpcResponse, isWhole: boolean): CallEnding | undefined {
    const { own, open } = this.#init
    // An error without an id, and whatever is the whole body, can be about nothing but the request.
    const isOwn = own !== undefined && (isWhole || id === null || id === own.request.id)
    if (isOwn && !own.hasEnded) return own
    return id === null || (isWhole && own !== undefined) ? undefined : open?.get(id)
  }
}

/** Chunks that count as held until they have been dealt with. */
class HeldChunks {
  readonly #source: AsyncIterable<Uint8Array>
  readonly #account: ByteAccount
  #bytes = 0

  constructor(source: AsyncIterable<Uint8Array>, account: ByteAccount) {
    this.#source = source
    this.#account = account
  }

  async *read(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#source) {
      this.#bytes += chunk.length
      this.#account.holds(this.#bytes)
      yield chunk
    }
  }

  release(): void {
    this.#bytes = 0
    this.#account.holds(0)
  }
}

/** An answer leaves once, when it is recorded: one that is taken up again later does not. */
function notOpen({ id }: JsonRpcResponse): JsonRpcMessage {
  return errorAnswer(id, new McpError('stream-ended', 'the call of this answer has ended before'))
}
