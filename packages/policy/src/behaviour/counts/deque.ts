/** So many items that are gone may stand before the first, and as many as there are items. */
const GONE_MIN = 32

/** Items in a row that come at the end and go at the beginning, each in constant time on average. */
export class Deque<T> {
  #items: (T | undefined)[]
  #start = 0

  constructor(...items: readonly T[]) {
    this.#items = [...items]
  }

  get length(): number {
    return this.#items.length - this.#start
  }

  at(index: number): T | undefined {
    return index < 0 ? undefined : this.#items[this.#start + index]
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** Puts another item in the place of one that is there. */
  replace(index: number, item: T): void {
    this.#items[this.#start + index] = item
  }

  /** Takes the first item away. */
  shift(): void {
    if (this.length === 0) return
    this.#items[this.#start] = undefined
    this.#start += 1
    if (this.#start < GONE_MIN || this.#start < this.length) return
    this.#items = this.#items.slice(this.#start)
    this.#start = 0
  }
}
