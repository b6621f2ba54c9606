import type { RequestId } from '../json-rpc.ts'
import { McpError } from '../mcp-error.ts'
import { failedEnd } from './call-end.ts'
import type { CallEnding } from './call-ending.ts'

/** Bytes of the requests of one session that wait for another stream: as many as one message has at most. */
const WAITING_BYTES_MAX = 4_194_304
/** Characters of an id by which a call that has ended is remembered. */
const ENDED_ID_LENGTH_MAX = 256

/** What is remembered of a call that has ended: nothing of what it asked. */
interface EndedCall {
  readonly isAnswered: boolean
  /** The how manieth of its session. */
  readonly nth: number
}

/**
 * The calls of one session at an HTTP server that have no end yet. Any stream of the
 * session may bring a response: a server may close the one that carried the request before.
 *
 * Bounded, and so is what is remembered of those that have ended.
 */
export class OpenCalls {
  readonly #callsMax: number
  readonly #open = new Map<RequestId, CallEnding>()
  /** Those whose own stream is over, in that order, and how many bytes each has. */
  readonly #waiting = new Map<CallEnding, number>()
  #waitingBytes = 0
  /** The last ones that have ended. */
  readonly #ended = new Map<RequestId, EndedCall>()
  #endings = 0

  constructor(callsMax: number) {
    this.#callsMax = callsMax
  }

  /** How many calls have ended so far. */
  get endings(): number {
    return this.#endings
  }

  /**
   * Takes a call in. Where there is no room, the one that has waited longest for another stream than its own goes.
   *
   * @throws McpError `request-taken` where its id is open, `requests-exhausted` where no call waits for another stream
   */
  add(ending: CallEnding): void {
    const { id } = ending.request
    if (this.#open.has(id)) {
      throw new McpError('request-taken', 'a request with this id is already in flight')
    }
    if (this.#open.size >= this.#callsMax) this.#makeRoom()
    this.#open.set(id, ending)
    this.#ended.delete(id)
  }

  get(id: RequestId): CallEnding | undefined {
    return this.#open.get(id)
  }

  has(ending: CallEnding): boolean {
    return this.#open.get(ending.request.id) === ending
  }

  /**
   * Takes note that the own stream of a call is over. One without an end waits for another stream to bring its answer;
   * where that are too many bytes, those that have waited longest go.
   */
  leaveStream(ending: CallEnding): void {
    if (!this.has(ending)) return
    if (!ending.hasEnded) this.#wait(ending)
    else if (!ending.isAnswered) this.delete(ending)
  }

  /** Takes note that a call has ended, and that what it ended with is out. */
  delete(ending: CallEnding): void {
    if (!this.has(ending)) return
    const { id } = ending.request
    this.#open.delete(id)
    this.#waitingBytes -= this.#waiting.get(ending) ?? 0
    this.#waiting.delete(ending)
    this.#endings += 1
    if (typeof id === 'string' && id.length > ENDED_ID_LENGTH_MAX) return
    this.#ended.set(id, { isAnswered: ending.isAnswered, nth: this.#endings })
    const [oldest] = this.#ended.keys()
    if (this.#ended.size > this.#callsMax && oldest !== undefined) this.#ended.delete(oldest)
  }

  /**
   * Whether a host that hears a stream, begun after so many endings, has to be told that there is no answer to a call: it has
   * ended without one, or the stream is too late to have been there when the answer left.
   */
  isLost(id: RequestId, endingsBefore: number): boolean {
    const ended = this.#ended.get(id)
    return ended !== undefined && (!ended.isAnswered || ended.nth <= endingsBefore)
  }

  /** Ends all calls without an answer. */
  close(code: string): void {
    for (const ending of this.#open.values()) {
      void ending.end(failedEnd(code))
      this.delete(ending)
    }
  }

  #makeRoom(): void {
    const [oldest] = this.#waiting.keys()
    if (oldest === undefined) {
      const sentence = `at most ${this.#callsMax} requests of a session may be in flight`
      throw new McpError('requests-exhausted', sentence)
    }
    void oldest.end(failedEnd('requests-exhausted'))
    this.delete(oldest)
  }

  #wait(ending: CallEnding): void {
    if (this.#waiting.has(ending)) return
    const bytes = Buffer.byteLength(JSON.stringify(ending.request))
    this.#waiting.set(ending, bytes)
    this.#waitingBytes += bytes
    for (const [oldest] of this.#waiting) {
      if (this.#waitingBytes <= WAITING_BYTES_MAX) return
      void oldest.end(failedEnd('bytes-exhausted'))
      this.delete(oldest)
    }
  }
}
