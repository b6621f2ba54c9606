/** A number that only grows, and that others wait for. */
export class DeferredCount {
  #value = 0
  readonly #waiting = new Set<{ readonly target: number; readonly resolve: () => void }>()

  get value(): number {
    return this.#value
  }

  increment(): void {
    this.#value += 1
    for (const waiter of this.#waiting) {
      if (waiter.target > this.#value) continue
      this.#waiting.delete(waiter)
      waiter.resolve()
    }
  }

  /** Resolves once the number is at least `target`; rejects with the signal's reason. */
  async reaches(target: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#value >= target) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiter = { target, resolve }
    const onAbort = (): void => reject(signal.reason)
    this.#waiting.add(waiter)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await promise
    } finally {
      this.#waiting.delete(waiter)
      signal.removeEventListener('abort', onAbort)
    }
  }
}
