interface Waiter {
  readonly target: number
  readonly resolve: () => void
  readonly reject: (reason: Error) => void
}

/** A number that only grows, and that others wait for. */
export class DeferredCount {
  readonly #waiting = new Set<Waiter>()
  #value = 0
  #closed: Error | undefined

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

  /** Says that the number grows no more: whoever waits, now or later, is rejected with the reason. */
  close(reason: Error): void {
    this.#closed ??= reason
    for (const waiter of this.#waiting) waiter.reject(this.#closed)
    this.#waiting.clear()
  }

  /** Resolves once the number is at least `target`; rejects with the reason of the signal or of the end. */
  async reaches(target: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#value >= target) return
    if (this.#closed !== undefined) throw this.#closed
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiter = { target, resolve, reject }
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
