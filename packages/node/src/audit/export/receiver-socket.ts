import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Messages } from './delivery.ts'
import { ExportError, type ExportErrorCode } from './export-error.ts'

/** Messages that are made in one turn of the event loop; calls go on in between. */
const TURN_MAX = 64

/** A connected socket whose end is always noticed, by whichever step is under way then. */
export class ReceiverSocket {
  readonly #socket: Socket
  readonly #ended = Promise.withResolvers<void>()
  #isEnding = false
  #failure: ExportError | undefined
  /** Tells whoever waits just now; one step is under way at a time. */
  #onFailure: ((error: ExportError) => void) | undefined

  constructor(socket: Socket, onData: (chunk: Buffer) => void) {
    this.#socket = socket
    socket.on('data', onData)
    socket.on('error', (cause) => this.fail('receiver-closed', cause.message, cause))
    socket.on('end', () => {
      if (this.#isEnding) this.#ended.resolve()
      else this.fail('receiver-closed', 'the receiver closed the connection')
    })
    socket.on('close', () => this.fail('receiver-closed', 'the connection was lost'))
  }

  /** Why the connection ended, once it has. */
  get failure(): ExportError | undefined {
    return this.#failure
  }

  /** Ends whatever is under way with an error, and the connection. */
  fail(code: ExportErrorCode, reason: string, cause?: unknown): void {
    this.#failure ??= new ExportError(code, reason, { cause })
    this.#onFailure?.(this.#failure)
    this.#socket.destroy()
  }

  /** Sends messages as fast as the receiver takes them; `beforeEach` can hold them back. */
  async send(messages: Messages, beforeEach?: () => Promise<void> | undefined): Promise<void> {
    let count = 0
    for (const message of messages) {
      const wait = beforeEach?.()
      if (wait !== undefined) await this.before(wait)
      if (!this.#socket.write(message)) await this.before(this.#drained())
      count += 1
      if (count % TURN_MAX === 0) await this.before(nextTurn())
    }
  }

  /** Says that nothing more comes, and waits for the receiver to say the same. */
  async end(): Promise<void> {
    this.#isEnding = true
    this.#socket.end()
    await this.before(this.#ended.promise)
  }

  /** Waits for something, but not beyond the end of the connection. */
  async before<Value>(step: Promise<Value>): Promise<Value> {
    if (this.#failure !== undefined) throw this.#failure
    const { promise, reject } = Promise.withResolvers<never>()
    this.#onFailure = reject
    try {
      return await Promise.race([step, promise])
    } finally {
      this.#onFailure = undefined
    }
  }

  /** Bounds a delivery: when the signal aborts, the connection ends, and what is under way fails. */
  async within<Value>(signal: AbortSignal, step: () => Promise<Value>): Promise<Value> {
    const abort = (): void => this.fail('receiver-silent', 'the receiver took too long')
    signal.addEventListener('abort', abort)
    try {
      if (signal.aborted) abort()
      return await step()
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  close(): void {
    this.fail('receiver-closed', 'this node closed the connection')
  }

  async #drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#socket.once('drain', resolve)
    return promise
  }
}
