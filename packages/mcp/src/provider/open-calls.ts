import type { RequestId } from '../json-rpc.ts'
import { failedEnd } from './call-end.ts'
import type { CallEnding } from './call-ending.ts'

/**
 * The calls of one session at an HTTP server that have no end yet. Any stream of the
 * session may bring a response: a server may close the one that carried the request before.
 *
 * Bounded; the call that has been open longest goes first.
 */
export class OpenCalls {
  readonly #callsMax: number
  readonly #open = new Map<RequestId, CallEnding>()

  constructor(callsMax: number) {
    this.#callsMax = callsMax
  }

  /** Takes a call in. Where its id is taken, its own stream alone can answer it. */
  add(ending: CallEnding): void {
    if (this.#open.has(ending.request.id)) return
    this.#open.set(ending.request.id, ending)
    const [oldest] = this.#open.values()
    if (this.#open.size <= this.#callsMax || oldest === undefined) return
    this.delete(oldest)
    void oldest.end(failedEnd('requests-exhausted'))
  }

  get(id: RequestId): CallEnding | undefined {
    return this.#open.get(id)
  }

  has(ending: CallEnding): boolean {
    return this.#open.get(ending.request.id) === ending
  }

  delete(ending: CallEnding): void {
    if (this.has(ending)) this.#open.delete(ending.request.id)
  }

  /** Ends all calls without an answer. */
  close(code: string): void {
    for (const ending of this.#open.values()) void ending.end(failedEnd(code))
    this.#open.clear()
  }
}
