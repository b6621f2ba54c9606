const INITIAL_SLOTS = 1024

/** What is to happen, by time; of two things at one time, the one that was put in first. */
export class EventQueue<Item> {
  // A binary heap in three columns: comparing plain numbers is what a long run spends its time on.
  #times = new Float64Array(INITIAL_SLOTS)
  #orders = new Float64Array(INITIAL_SLOTS)
  readonly #items: Item[] = []
  #pushed = 0

  get size(): number {
    return this.#items.length
  }

  /** Time of the first item; infinity where there is none. */
  get nextMs(): number {
    return this.#items.length === 0 ? Infinity : (this.#times[0] ?? Infinity)
  }

  push(atMs: number, item: Item): void {
    const hole = this.#items.length
    if (hole === this.#times.length) this.#grow()
    this.#items.push(item)
    this.#rise(hole, { atMs, order: this.#pushed, item })
    this.#pushed += 1
  }

  pop(): Item | undefined {
    const first = this.#items[0]
    const last = this.#items.pop()
    const size = this.#items.length
    if (last !== undefined && size > 0) {
      this.#sink({ atMs: this.#times[size] ?? 0, order: this.#orders[size] ?? 0, item: last })
    }
    return first
  }

  #rise(from: number, entry: Entry<Item>): void {
    let hole = from
    while (hole > 0) {
      const parent = (hole - 1) >> 1
      if (!this.#isAfter(parent, entry)) break
      this.#move(parent, hole)
      hole = parent
    }
    this.#place(hole, entry)
  }

  #sink(entry: Entry<Item>): void {
    const size = this.#items.length
    let hole = 0
    for (let child = 1; child < size; child = 2 * hole + 1) {
      if (child + 1 < size && this.#isAfterSlot(child, child + 1)) child += 1
      if (this.#isAfter(child, entry)) break
      this.#move(child, hole)
      hole = child
    }
    this.#place(hole, entry)
  }

  #isAfter(slot: number, { atMs, order }: Entry<Item>): boolean {
    const slotMs = this.#times[slot] ?? 0
    return slotMs > atMs || (slotMs === atMs && (this.#orders[slot] ?? 0) > order)
  }

  #isAfterSlot(slot: number, other: number): boolean {
    const slotMs = this.#times[slot] ?? 0
    const otherMs = this.#times[other] ?? 0
    if (slotMs !== otherMs) return slotMs > otherMs
    return (this.#orders[slot] ?? 0) > (this.#orders[other] ?? 0)
  }

  #move(from: number, to: number): void {
    const item = this.#items[from]
    if (item === undefined) return
    this.#times[to] = this.#times[from] ?? 0
    this.#orders[to] = this.#orders[from] ?? 0
    this.#items[to] = item
  }

  #place(slot: number, { atMs, order, item }: Entry<Item>): void {
    this.#times[slot] = atMs
    this.#orders[slot] = order
    this.#items[slot] = item
  }

  #grow(): void {
    const times = new Float64Array(2 * this.#times.length)
    const orders = new Float64Array(2 * this.#orders.length)
    times.set(this.#times)
    orders.set(this.#orders)
    this.#times = times
    this.#orders = orders
  }
}

interface Entry<Item> {
  readonly atMs: number
  readonly order: number
  readonly item: Item
}
