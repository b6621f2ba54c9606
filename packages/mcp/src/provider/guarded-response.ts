import type { IncomingMessage } from 'node:http'
import type { ByteAccount } from '../byte-account.ts'
import { mediaTypeOf } from '../http/http-call.ts'
import { chunksOf, readBody } from '../http/response-messages.ts'
import { encodeServerEvent, readServerEvents, type ServerEvent } from '../http/server-events.ts'
import { answeredId, isResponse, type JsonRpcMessage, type RequestId } from '../json-rpc.ts'
import { McpError, type McpErrorCode } from '../mcp-error.ts'
import { encodeMessage, MessageError, messageText, parseMessage } from '../message-door.ts'
import type { MessageLimits } from '../message-limits.ts'
import { errorAnswer } from '../rpc-answer.ts'
import { answerOf, answeredEnd, failedEnd } from './call-end.ts'
import type { CallEnding } from './call-ending.ts'
import { refusalAnswer } from './gatekeeper.ts'
import type { ExchangeSession } from './exchange-session.ts'
import { HeldChunks } from './held-chunks.ts'
import { ownAnswer } from './own-answer.ts'

export interface GuardedResponseInit {
  readonly response: IncomingMessage
  readonly limits: MessageLimits
  /** Hears of what is held back. */
  readonly account: ByteAccount
  /** Of the request that this is the response to, where it carried one. */
  readonly own: CallEnding | undefined
  readonly session: Pick<ExchangeSession, 'open' | 'endingsBefore'>
}

/** A body as it may go to the caller; `withheld` where it is not the server's, and nothing then where another stream has the answer. */
export interface GuardedBody {
  readonly line: Uint8Array | undefined
  readonly withheld: boolean
}

/**
 * An HTTP response, which may hold the ends of calls: it is parsed, and a response in it leaves as its
 * own serialisation once the gate knows of it. Every other message passes, in its order.
 */
export class GuardedResponse {
  readonly #init: GuardedResponseInit

  constructor(init: GuardedResponseInit) {
    this.#init = init
  }

  get isEventStream(): boolean {
    return mediaTypeOf(this.#init.response) === 'text/event-stream'
  }

  /**
   * The whole body of a response that is no event stream.
   *
   * @throws McpError `message-too-long`, `bytes-exhausted`, and whatever the response throws
   */
  async body(): Promise<GuardedBody> {
    const { response, limits, account, own } = this.#init
    const bytes = await readBody(response, limits.messageBytesMax, account)
    // Another stream has the answer.
    if (own?.isAnswered === true) return { line: undefined, withheld: true }
    if (bytes.length === 0) return this.#noBody(own)
    const message = this.#parse(bytes)
    if (own === undefined && message instanceof MessageError && statusOf(response) < 300) {
      // Nothing was asked, and so nobody misses it.
      return { line: undefined, withheld: false }
    }
    const isGiven =
      !(message instanceof MessageError) && (own === undefined || answers(message, own))
    const given = isGiven ? await this.#letOut(message, own) : await this.#failed(own)
    const line = given === undefined ? undefined : encodeMessage(given)
    return { line, withheld: given !== message }
  }

  async #noBody(own: CallEnding | undefined): Promise<GuardedBody> {
    const verdict = await own?.end(failedEnd('server-unreachable'))
    if (own === undefined || verdict?.allowed !== false) return { line: undefined, withheld: false }
    return { line: encodeMessage(refusalAnswer(own.request, verdict)), withheld: true }
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
      if (event.id !== undefined) this.#keepOwn(event.id !== '')
      yield encodeServerEvent(await this.#letOn(event))
      source.release()
    }
  }

  /** The server has said whether, and from where, the stream may be taken up again; outside a session nothing takes it up. */
  #keepOwn(isResumable: boolean): void {
    const { own, session } = this.#init
    if (own !== undefined && session.open?.has(own) === true) own.keep(isResumable)
  }

  /** Hosts are of many minds about an event of another type: its data goes no further. Its id says where the stream stands. */
  async #letOn(event: ServerEvent): Promise<ServerEvent> {
    if (event.data === '') return event
    const data = event.type === 'message' ? await this.#dataFor(event.data) : ''
    return { ...event, data, hasData: data !== '' || event.id !== undefined }
  }

  /** What is no message is noise, and goes no further; what was meant to be a response ends its call. */
  async #dataFor(text: string): Promise<string> {
    const message = this.#parse(text)
    if (!(message instanceof MessageError)) {
      const ending = isResponse(message) ? this.#endingOf(answeredId(message)) : undefined
      const given = await this.#letOut(message, ending)
      return given === undefined ? '' : messageText(given)
    }
    const { responseTo } = message
    const ending = responseTo === undefined ? undefined : this.#endingOf(responseTo)
    return ending?.hasEnded === false ? messageText(await this.#failed(ending)) : ''
  }

  #parse(text: Uint8Array | string): JsonRpcMessage | MessageError {
    try {
      return parseMessage(text, this.#init.limits)
    } catch (error) {
      if (error instanceof MessageError) return error
      throw error
    }
  }

  /** What the gate cannot be told of does not leave. */
  async #failed(ending: CallEnding | undefined): Promise<JsonRpcMessage> {
    const code = statusOf(this.#init.response)
    const error =
      code < 300
        ? new McpError('server-answer-unacceptable', 'the server gave no answer to the request')
        : new McpError('server-unreachable', `the server answered with HTTP status ${code}`)
    const message = errorAnswer(ending?.request.id ?? null, error)
    return ending === undefined ? message : this.#end(ending, message, error.code)
  }

  /** What leaves for a message; nothing where it would take the place of an answer that leaves elsewhere. */
  async #letOut(
    message: JsonRpcMessage,
    ending: CallEnding | undefined,
  ): Promise<JsonRpcMessage | undefined> {
    if (!isResponse(message)) return message
    if (ending !== undefined && !ending.hasEnded) {
      const given = ownAnswer(message)
      return this.#end(ending, given.message, given.failure)
    }
    // What names no call is a note on what was no request; one that names a call that is not open is an answer too late.
    const id = answeredId(message)
    if (id === null && this.#init.own === undefined) return ownAnswer(message).message
    if (!this.#isLost(id)) return undefined
    // An answer leaves once, when it is recorded: one that is taken up again later does not.
    const sentence = 'the call of this answer has ended before'
    return errorAnswer(id, new McpError('stream-ended', sentence))
  }

  async #end(
    ending: CallEnding,
    message: JsonRpcMessage,
    failure?: McpErrorCode,
  ): Promise<JsonRpcMessage> {
    const answer = answerOf(message, encodeMessage(message))
    const end = failure === undefined ? answeredEnd(answer) : failedEnd(failure, answer)
    const verdict = await ending.end(end)
    this.#init.session.open?.delete(ending)
    return verdict.allowed ? message : refusalAnswer(ending.request, verdict)
  }

  /** An error without an id can be about nothing but the request. */
  #endingOf(id: RequestId | null): CallEnding | undefined {
    const { own, session } = this.#init
    if (own?.hasEnded === false && (id === null || id === own.request.id)) return own
    return id === null ? undefined : session.open?.get(id)
  }

  #isLost(id: RequestId | null): boolean {
    const { own, session } = this.#init
    if (own !== undefined && (id === null || id === own.request.id)) return !own.isAnswered
    return id !== null && session.open?.isLost(id, session.endingsBefore) === true
  }
}

/** Whether a body is the answer to the request that it came back for, and not to another. */
function answers(message: JsonRpcMessage, { request }: CallEnding): boolean {
  if (!isResponse(message)) return false
  const id = answeredId(message)
  return id === null || id === request.id
}

function statusOf({ statusCode = 0 }: IncomingMessage): number {
  return statusCode
}
