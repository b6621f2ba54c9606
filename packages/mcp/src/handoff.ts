/**
 * Hands items from several producers to one consumer. A producer waits until its item has been
 * taken, so that nothing but one item per producer is ever held.
 */
export class Handoff<Item> implements AsyncIterable<Item> {
  readonly #waiting: { readonly item: Item; readonly taken: () => void }[] = []
  #wake: (() => void) | undefined
  #closed = false

  /** Resolves when the item has been taken, or nobody takes any more. */
  put(item: Item): Promise<void> {
    if (this.#closed) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push({ item, taken: resolve })
    this.#wake?.()
    return promise
  }

  /** Ends the iteration; what has not been taken is dropped. */
  close(): void {
    this.#closed = true
    for (const { taken } of this.#waiting.splice(0)) taken()
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item> {
    while (!this.#closed) {
      const next = this.#waiting.shift()
      if (next === undefined) {
        const { promise, resolve } = Promise.withResolvers<void>()
        this.#wake = resolve
        await promise
        this.#wake = undefined
        continue
      }
      yield next.item
      next.taken()
    }
  }
}
