import { encodeControlLine } from '../control-line.ts'
import type { JsonRpcMessage } from '../json-rpc.ts'
import type { MeshStream } from '../mesh-stream.ts'
import { encodeMessage } from '../message-door.ts'
import { StreamWriter } from '../stream-writer.ts'
import type { Route } from './route.ts'

/**
 * A request stream as the way back.
 *
 * Whatever the server said before on the session stream is delivered before: a count goes ahead of
 * a message whenever it has grown, and the consumer waits for it.
 */
export class StreamRoute implements Route {
  readonly #writer: StreamWriter
  readonly #saidBefore: () => number
  readonly #finished = Promise.withResolvers<void>()
  #announced = 0

  constructor(stream: MeshStream, saidBefore: () => number) {
    this.#writer = new StreamWriter(stream)
    this.#saidBefore = saidBefore
    stream.signal.addEventListener('abort', () => this.#finished.resolve(), { once: true })
    if (stream.signal.aborted) this.#finished.resolve()
  }

  /** Resolves when the response has been written and the stream ended, or the stream is gone. */
  get finished(): Promise<void> {
    return this.#finished.promise
  }

  async deliver(message: JsonRpcMessage): Promise<void> {
    await this.#writer.write(...this.#linesOf(message))
  }

  async finish(response: JsonRpcMessage): Promise<void> {
    try {
      await this.#writer.end(...this.#linesOf(response))
    } catch {
      // The caller has gone, and with it everybody who would want the response.
    }
    this.#finished.resolve()
  }

  #linesOf(message: JsonRpcMessage): readonly Uint8Array[] {
    const count = this.#saidBefore()
    if (count === this.#announced) return [encodeMessage(message)]
    this.#announced = count
    return [encodeControlLine({ type: 'after', count }), encodeMessage(message)]
  }
}
