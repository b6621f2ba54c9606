/** Different names that are counted one by one; whatever comes then is counted together. */
const NAMES_MAX = 1000

/** Counts by name, most frequent first when read; memory is bounded. */
export class Counts {
  readonly #counts = new Map<string, number>()
  #others = 0

  add(name: string): void {
    const count = this.#counts.get(name)
    if (count === undefined && this.#counts.size >= NAMES_MAX) this.#others += 1
    else this.#counts.set(name, (count ?? 0) + 1)
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  /** What was counted under names that are not listed. */
  get others(): number {
    return this.#others
  }

  list(): readonly (readonly [string, number])[] {
    return [...this.#counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
  }
}
