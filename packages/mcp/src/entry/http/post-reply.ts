import type { ServerResponse } from 'node:http'
import type { JsonRpcMessage } from '../../json-rpc.ts'
import { EventStream, type EventStreamInit, withoutStalling } from './event-stream.ts'

/**
 * The response to one POST with a request: plain JSON where nothing comes ahead of the answer, else
 * a stream of events.
 */
export class PostReply {
  readonly #response: ServerResponse
  readonly #init: EventStreamInit
  readonly #gone = new AbortController()
  readonly #stopWaiting: () => void
  #events: EventStream | undefined
  #onRefused: () => void = () => {}

  constructor(response: ServerResponse, init: EventStreamInit) {
    this.#response = response
    this.#init = init
    this.#stopWaiting = init.scheduler.after(init.limits.sseAfterMs, () => {
      if (this.open) this.#stream()
    })
    response.once('close', () => {
      this.#stopWaiting()
      this.#gone.abort()
    })
  }

  /** Aborted when the response is over: sent, or left by the host. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  get open(): boolean {
    return this.#response.writable && !this.#response.destroyed
  }

  /** Is told when the response is an error. */
  onRefused(listener: () => void): void {
    this.#onRefused = listener
  }

  /**
   * Sends what belongs to the request ahead of its response.
   *
   * @throws McpError `host-gone`
   */
  async note(message: JsonRpcMessage): Promise<void> {
    await this.#stream().send(message)
  }

  /**
   * Sends the response. The status is that of a plain answer; a stream has begun with 200.
   *
   * @throws McpError `host-gone`
   */
  async finish(message: JsonRpcMessage, status = 200): Promise<void> {
    this.#stopWaiting()
    if ('error' in message) this.#onRefused()
    if (this.#events !== undefined) {
      await this.#events.send(message)
      this.#events.end()
      return
    }
    if (!this.open) return
    const body = Buffer.from(JSON.stringify(message))
    // A session that did not come to be has no id.
    const headers = 'error' in message ? {} : this.#init.headers
    this.#response.writeHead(status, {
      ...headers,
      'content-type': 'application/json',
      'content-length': body.length,
    })
    if (!this.#response.write(body)) await withoutStalling(this.#response, this.#init)
    this.#response.end()
  }

  /** Ends the response of a request that its host has cancelled: no answer will come. */
  abandon(): void {
    if (this.open) this.#stream().end()
  }

  /** Breaks the response off where an answer was due and will not come. */
  cut(): void {
    this.#stopWaiting()
    this.#response.destroy()
  }

  #stream(): EventStream {
    this.#stopWaiting()
    this.#events ??= new EventStream(this.#response, this.#init)
    return this.#events
  }
}
