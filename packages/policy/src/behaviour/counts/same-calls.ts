import { Deque } from './deque.ts'
import { firstIndex } from './first-index.ts'

/** Where calls that ask for the same stand in the list of their caller. Most calls are like no other: those cost no list of their own. */
export class SameCalls {
  readonly #positions = new Map<string, number | Deque<number>>()

  add(sameness: string, position: number): void {
    const known = this.#positions.get(sameness)
    if (known === undefined) this.#positions.set(sameness, position)
    else if (typeof known === 'number') this.#positions.set(sameness, new Deque(known, position))
    else known.push(position)
  }

  /** Forgets the oldest of the calls that ask for the same. */
  forgetFirst(sameness: string): void {
    const known = this.#positions.get(sameness)
    if (known === undefined) return
    if (typeof known === 'object') known.shift()
    if (typeof known === 'number' || known.length === 0) this.#positions.delete(sameness)
  }

  /** How many there are from a position on. */
  countFrom(sameness: string, position: number): number {
    const known = this.#positions.get(sameness)
    if (known === undefined) return 0
    if (typeof known === 'number') return known >= position ? 1 : 0
    const { length } = known
    return length - firstIndex(length, (index) => (known.at(index) ?? position) >= position)
  }
}
