const WORD = 2 ** 32
const WARM_UP_ROUNDS = 12

/**
 * Randomness that a seed decides (sfc32).
 *
 * Each purpose takes a stream of its own with `fork`, so that drawing more for one does not move the
 * draws of another. Good for simulation, worthless for secrets.
 */
export class SeededRandom {
  readonly #path: string
  #a: number
  #b: number
  #c: number
  #count = 1

  constructor(seed: number | string) {
    this.#path = String(seed)
    this.#a = hash(this.#path, 0x9e37_79b9)
    this.#b = hash(this.#path, 0x85eb_ca6b)
    this.#c = hash(this.#path, 0xc2b2_ae35)
    for (let round = 0; round < WARM_UP_ROUNDS; round += 1) this.uint32()
  }

  /** A stream of its own for one purpose; takes no draw from this one. */
  fork(purpose: string | number): SeededRandom {
    return new SeededRandom(`${this.#path}/${purpose}`)
  }

  /** A whole number from 0 to 2³² − 1. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#count) | 0
    this.#count = (this.#count + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** A number from `low` up to, and without, `high`. */
  between(low: number, high: number): number {
    return low + (this.uint32() / WORD) * (high - low)
  }

  /** A whole number from 0 up to, and without, `limit`. */
  below(limit: number): number {
    return Math.floor((this.uint32() / WORD) * limit)
  }

  /** True with that probability. */
  chance(probability: number): boolean {
    return probability > 0 && this.uint32() / WORD < probability
  }

  /** One of these, or undefined where there is none. */
  pick<Item>(items: readonly Item[]): Item | undefined {
    return items[this.below(items.length)]
  }

  /** The same items in another order. */
  shuffled<Item>(items: readonly Item[]): Item[] {
    const rest = [...items]
    const shuffled: Item[] = []
    while (rest.length > 0) {
      const index = this.below(rest.length)
      const last = rest.pop()
      if (last === undefined) break
      // What was drawn makes room for the last one.
      const drawn = index < rest.length ? rest.splice(index, 1, last) : [last]
      shuffled.push(...drawn)
    }
    return shuffled
  }

  /** Bytes as a port of randomness gives them. */
  randomBytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.uint32() & 0xff)
  }
}

/** FNV-1a over the text, then mixed so that neighbouring seeds have nothing in common. */
function hash(text: string, basis: number): number {
  let value = basis
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x0100_0193)
  }
  value = Math.imul(value ^ (value >>> 16), 0x21f0_aaad)
  value = Math.imul(value ^ (value >>> 15), 0x735a_2d97)
  return value ^ (value >>> 15)
}
