import type { IncomingMessage } from 'node:http'
import type { JsonRpcMessage } from '../json-rpc.ts'
import { McpError } from '../mcp-error.ts'
import type { MessageLimits } from '../message-limits.ts'
import type { Scheduler } from '../ports.ts'
import { type EventCursor, responseMessages } from './response-messages.ts'

export interface EventFollowerInit {
  readonly scheduler: Scheduler
  readonly limits: MessageLimits
  /** Asks for an event stream, from behind an event where one is given. */
  readonly open: (lastEventId: string | undefined, signal: AbortSignal) => Promise<IncomingMessage>
  /** Hears why a stream of messages that belong to no request was broken off, before it is opened again. */
  readonly broken: (error: unknown) => void
}

const RETRY_MS = 1_000
/** What a server may ask for, either way. */
const RETRY_MS_MIN = 100
const RETRY_MS_MAX = 30_000
/** In a row, without an event in between. */
const RESUMES_MAX = 5

/** Follows event streams over their interruptions: a server may close one at any time and let it be taken up again. */
export class EventFollower {
  readonly #init: EventFollowerInit

  constructor(init: EventFollowerInit) {
    this.#init = init
  }

  /** The messages that belong to one request. Ends when the server has nothing more for it. */
  async *follow(response: IncomingMessage, signal: AbortSignal): AsyncGenerator<JsonRpcMessage> {
    const cursor: EventCursor = { lastEventId: undefined, retryMs: RETRY_MS }
    let current = response
    for (let resumes = 0; ;) {
      const before = cursor.lastEventId
      yield* this.#read(current, cursor)
      if (cursor.lastEventId === undefined) return
      resumes = cursor.lastEventId === before ? resumes + 1 : 0
      if (resumes > RESUMES_MAX) return
      await this.#pause(cursor.retryMs, signal)
      current = await this.#init.open(cursor.lastEventId, signal)
      if (current.statusCode !== 200) {
        current.destroy()
        return
      }
    }
  }

  /**
   * The messages that belong to no request, over whatever breaks the stream off. Ends when the server offers no such
   * stream.
   *
   * @throws McpError `server-answer-unacceptable` where it is no event stream that it gives; the reason of the signal
   */
  async *listen(signal: AbortSignal): AsyncGenerator<JsonRpcMessage> {
    const cursor: EventCursor = { lastEventId: undefined, retryMs: RETRY_MS }
    for (let failures = 0; ;) {
      const response = await this.#tryOpen(cursor, signal)
      if (response !== undefined && response.statusCode !== 200) {
        response.destroy()
        return
      }
      if (response !== undefined) yield* this.#readOn(response, cursor, signal)
      failures = response === undefined ? failures + 1 : 0
      await this.#pause(cursor.retryMs * 2 ** failures, signal)
    }
  }

  async #tryOpen(cursor: EventCursor, signal: AbortSignal): Promise<IncomingMessage | undefined> {
    try {
      return await this.#init.open(cursor.lastEventId, signal)
    } catch {
      // A server that is away now may be back later; the signal ends the waiting.
      return undefined
    }
  }

  /** Ends with the stream, however that ends. */
  async *#readOn(
    response: IncomingMessage,
    cursor: EventCursor,
    signal: AbortSignal,
  ): AsyncGenerator<JsonRpcMessage> {
    try {
      yield* responseMessages(response, this.#init.limits, cursor)
    } catch (error) {
      const isNoStream = error instanceof McpError && error.code === 'server-answer-unacceptable'
      if (signal.aborted || isNoStream) throw error
      this.#init.broken(error)
    }
  }

  async *#read(response: IncomingMessage, cursor: EventCursor): AsyncGenerator<JsonRpcMessage> {
    try {
      yield* responseMessages(response, this.#init.limits, cursor)
    } catch (error) {
      // An interruption can be made good where there is an event to go on from; a broken rule cannot.
      if (error instanceof McpError || cursor.lastEventId === undefined) throw error
    }
  }

  async #pause(delayMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const boundedMs = Math.min(Math.max(delayMs, RETRY_MS_MIN), RETRY_MS_MAX)
    const stop = this.#init.scheduler.after(boundedMs, resolve)
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await promise
    } finally {
      stop()
      signal.removeEventListener('abort', onAbort)
    }
  }
}
