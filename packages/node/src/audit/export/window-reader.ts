import type { ReadCursor, ReadSlice, StoredEntry } from '@warren/storage'

/** Entries that are sent, and sent again, together. */
export interface Window {
  readonly from: number
  /** The first place behind. */
  readonly to: number
  readonly entries: readonly StoredEntry[]
}

/** Places whose entries were erased before they could be sent. */
export interface Gap {
  readonly gap: readonly [number, number]
}

export interface WindowLimits {
  readonly entriesMax: number
  readonly bytesMax: number
}

/** Where the entries come from: the log itself is the queue. */
export interface EntrySource {
  slices(from: number | ReadCursor): AsyncGenerator<ReadSlice>
}

/** Reads the log in windows, from where the last one ended. */
export class WindowReader {
  readonly #source: EntrySource
  readonly #limits: WindowLimits
  #next: number
  #cursor: ReadCursor | undefined
  #waiting: readonly StoredEntry[] = []

  constructor(source: EntrySource, from: number, limits: WindowLimits) {
    this.#source = source
    this.#next = from
    this.#limits = limits
  }

  /** Whether entries have been read that no window had room for. */
  get hasMore(): boolean {
    return this.#waiting.length > 0
  }

  /** The entries that come next, or that there are none any more; undefined at the end of the log. */
  async next(): Promise<Window | Gap | undefined> {
    if (this.#waiting.length === 0) await this.#read()
    const [first] = this.#waiting
    if (first === undefined) return undefined
    const from = this.#next
    if (first.seq !== from) {
      this.#next = first.seq
      return { gap: [from, first.seq] }
    }
    const entries = this.#waiting.slice(0, this.#countOfWindow(from))
    this.#waiting = this.#waiting.slice(entries.length)
    this.#next = from + entries.length
    return { from, to: this.#next, entries }
  }

  async #read(): Promise<void> {
    for await (const { entries, cursor } of this.#source.slices(this.#cursor ?? this.#next)) {
      this.#cursor = cursor
      if (entries.length === 0) continue
      this.#waiting = entries
      return
    }
  }

  /** As many as follow each other without a gap and within the limits, and at least one. */
  #countOfWindow(from: number): number {
    let count = 0
    let length = 0
    for (const { seq, bytes } of this.#waiting) {
      length += bytes.length
      const isFull = count === this.#limits.entriesMax || length > this.#limits.bytesMax
      if (seq !== from + count || (isFull && count > 0)) break
      count += 1
    }
    return count
  }
}
