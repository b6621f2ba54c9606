import { Deque } from './deque.ts'
import { firstIndex } from './first-index.ts'
import type { RememberedCall } from './remembered-call.ts'

/** The calls of one caller that a window may reach, the oldest first; each keeps its position as those before it go. */
export class CallList {
  readonly #calls = new Deque<RememberedCall>()
  #first = 0

  /** The position of the oldest call. */
  get first(): number {
    return this.#first
  }

  /** The position that the next call will have. */
  get end(): number {
    return this.#first + this.#calls.length
  }

  get length(): number {
    return this.#calls.length
  }

  at(position: number): RememberedCall | undefined {
    return this.#calls.at(position - this.#first)
  }

  push(call: RememberedCall): void {
    this.#calls.push(call)
  }

  replace(position: number, call: RememberedCall): void {
    this.#calls.replace(position - this.#first, call)
  }

  /** Takes the oldest call away. */
  shift(): void {
    if (this.#calls.length === 0) return
    this.#calls.shift()
    this.#first += 1
  }

  /** Hands out the calls from a position on that are no later than a time; gives the position behind them. */
  passBy(
    from: number,
    atMs: number,
    take: (call: RememberedCall, position: number) => void,
  ): number {
    let position = from
    for (let call = this.at(position); call !== undefined && call.atMs <= atMs;) {
      take(call, position)
      position += 1
      call = this.at(position)
    }
    return position
  }

  /** The position of a call; undefined where it is not listed. */
  positionOf(id: number): number | undefined {
    const { length } = this.#calls
    const index = firstIndex(length, (each) => (this.#calls.at(each)?.id ?? id) >= id)
    return this.#calls.at(index)?.id === id ? this.#first + index : undefined
  }

  /** The position of the first call that was asked for after a time. */
  firstAfter(atMs: number): number {
    const { length } = this.#calls
    return this.#first + firstIndex(length, (each) => (this.#calls.at(each)?.atMs ?? atMs) > atMs)
  }
}
