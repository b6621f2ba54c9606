import type { CallerCalls, StoredCall, StoredCallNews } from '@warren/storage'

interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Brings what callers do to the disk: all of one turn of the event loop in one transaction (group commit). */
export class CallWriter {
  readonly #calls: Pick<CallerCalls, 'write'>
  readonly #onLost: (error: unknown) => void
  #added: StoredCall[] = []
  #news: StoredCallNews[] = []
  #waiting: Waiting[] = []
  #turn: NodeJS.Immediate | undefined

  constructor(calls: Pick<CallerCalls, 'write'>, onLost: (error: unknown) => void) {
    this.#calls = calls
    this.#onLost = onLost
  }

  /**
   * Resolves when the call is on the disk.
   *
   * @throws StorageError, by a rejection
   */
  async add(call: StoredCall): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#added.push(call)
      this.#waiting.push({ resolve, reject })
      this.#soon()
    })
  }

  /** Nothing waits for how a call went on. */
  note(news: StoredCallNews): void {
    this.#news.push(news)
    this.#soon()
  }

  /** Writes what waits; never throws: whoever waits gets the error, and of the rest `onLost` hears. */
  flush(): void {
    clearImmediate(this.#turn)
    this.#turn = undefined
    const [added, news, waiting] = [this.#added, this.#news, this.#waiting]
    if (added.length + news.length === 0) return
    this.#added = []
    this.#news = []
    this.#waiting = []
    try {
      this.#calls.write(added, news)
      for (const { resolve } of waiting) resolve()
    } catch (error) {
      for (const { reject } of waiting) reject(error)
      if (news.length > 0) this.#onLost(error)
    }
  }

  #soon(): void {
    this.#turn ??= setImmediate(() => this.flush())
  }
}
