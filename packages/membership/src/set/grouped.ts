/**
 * Lists by key, in which each element has an id: grows while a set is being made, and not afterwards.
 *
 * A copy shares its lists until it adds to one, so that a batch of any size copies each list once.
 */
export class Grouped<R extends { readonly id: string }> {
  readonly #lists: Map<string, R[]>
  /** Keys of the lists that nobody else has. */
  readonly #own = new Set<string>()

  constructor(from?: Grouped<R>) {
    this.#lists = new Map(from === undefined ? [] : from.#lists)
  }

  get(key: string): readonly R[] | undefined {
    return this.#lists.get(key)
  }

  has(key: string): boolean {
    return this.#lists.has(key)
  }

  values(): Iterable<readonly R[]> {
    return this.#lists.values()
  }

  /** How many lists there are. */
  get size(): number {
    return this.#lists.size
  }

  add(key: string, element: R): void {
    this.#listOf(key).push(element)
  }

  /** Puts an element in the place of the one with its id. */
  replace(key: string, element: R): void {
    const list = this.#listOf(key)
    const at = list.findIndex(({ id }) => id === element.id)
    if (at !== -1) list[at] = element
  }

  #listOf(key: string): R[] {
    const known = this.#lists.get(key)
    if (known !== undefined && this.#own.has(key)) return known
    const list = [...(known ?? [])]
    this.#lists.set(key, list)
    this.#own.add(key)
    return list
  }
}
