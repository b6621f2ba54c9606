import { McpError } from '../mcp-error.ts'

/**
 * Hands items from callers to one reader, in order, and holds the callers back while the reader is behind.
 */
export class MessageQueue<Item> implements AsyncIterable<Item> {
  readonly #waitingMax: number
  readonly #items: Item[] = []
  readonly #writers: (() => void)[] = []
  #wakeReader: (() => void) | undefined
  #ended = false
  #failure: Error | undefined

  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax
  }

  /**
   * Adds an item and resolves when another one may be added.
   *
   * @throws McpError `session-ended` when nobody reads any more
   */
  async push(item: Item): Promise<void> {
    if (this.#ended) throw new McpError('session-ended', 'the session is over')
    this.#items.push(item)
    this.#wakeReader?.()
    if (this.#items.length <= this.#waitingMax) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#writers.push(resolve)
    await promise
  }

  /** The reader gets what is waiting, and then the end. */
  end(): void {
    this.#ended = true
    this.#wakeReader?.()
    for (const resolve of this.#writers.splice(0)) resolve()
  }

  /** The reader gets this error at once; what is waiting is dropped. */
  fail(reason: Error): void {
    this.#failure ??= reason
    this.#items.length = 0
    this.end()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      const item = this.#items.shift()
      if (item !== undefined) {
        this.#writers.shift()?.()
        yield item
      } else if (this.#ended) {
        return
      } else {
        const { promise, resolve } = Promise.withResolvers<void>()
        this.#wakeReader = resolve
        await promise
      }
    }
  }
}
