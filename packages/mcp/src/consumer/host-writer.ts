import { setImmediate as nextTurn } from 'node:timers/promises'
import type { HostChannel } from '../host-channel.ts'
import { isResponse, type JsonRpcMessage, type RequestId } from '../json-rpc.ts'

/**
 * Sends to a host one message at a time, each after the host has taken the one before.
 *
 * A response waits one turn of the event loop behind a note of its request: SDK hosts drop a progress
 * note that they read in one chunk with its response.
 */
export class HostWriter {
  readonly #host: HostChannel
  #last: Promise<void> = Promise.resolve()

  constructor(host: HostChannel) {
    this.#host = host
  }

  /** Rejects when the host is gone. */
  send(message: JsonRpcMessage, relatedTo?: RequestId): Promise<void> {
    return this.#next(() => this.#host.send(message, relatedTo))
  }

  /** Sends what belongs to one request, as it comes, the response last; says whether there was one. */
  async sendAll(messages: AsyncIterable<JsonRpcMessage>, id: RequestId): Promise<boolean> {
    let notes = false
    for await (const message of messages) {
      if (!isResponse(message)) {
        notes = true
        await this.send(message, id)
        continue
      }
      if (notes) await nextTurn()
      await this.send(message)
      return true
    }
    return false
  }

  #next(step: () => Promise<void>): Promise<void> {
    const done = this.#last.then(step)
    this.#last = done.catch(() => {
      // Told to whoever waits for `done`; the next step fails by itself on the same host.
    })
    return done
  }
}
