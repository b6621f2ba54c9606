import { encodeControlLine } from '../control-line.ts'
import type { JsonRpcMessage } from '../json-rpc.ts'
import type { MeshStream } from '../mesh-stream.ts'
import { encodeMessage } from '../message-door.ts'
import { StreamWriter } from '../stream-writer.ts'
import type { PreparedResponse, Route } from './route.ts'

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
  /** What was said before the response; from then on nothing but it is delivered. */
  #saidBeforeEnd: number | undefined

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
    if (this.#saidBeforeEnd !== undefined) return
    const line = encodeMessage(message)
    await this.#writer.write(...this.#linesOf(line, this.#saidBefore()))
  }

  prepare(response: JsonRpcMessage): PreparedResponse {
    this.#saidBeforeEnd ??= this.#saidBefore()
    return { message: response, line: encodeMessage(response) }
  }

  async finish({ line }: PreparedResponse): Promise<void> {
    try {
      await this.#writer.end(...this.#linesOf(line, this.#saidBeforeEnd ?? this.#saidBefore()))
    } catch {
      // The caller has gone, and with it everybody who would want the response.
    }
    this.#finished.resolve()
  }

  #linesOf(line: Uint8Array, count: number): readonly Uint8Array[] {
    if (count === this.#announced) return [line]
    this.#announced = count
    return [encodeControlLine({ type: 'after', count }), line]
  }
}
