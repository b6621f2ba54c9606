const BITS = 32
const SHIFT = 5
const LOW_BITS = BITS - 1

/**
 * Numbers below a limit, of which the greatest up to any number is found in a step or two for each 32-fold of the limit:
 * a bit for each number, and above them a bit for each word that has any.
 */
export class PositionSet {
  readonly #levels: readonly Uint32Array[]

  /** `limit`: a power of two, at least 32. */
  constructor(limit: number) {
    const levels: Uint32Array[] = []
    for (let count = limit; count > 1; count = Math.ceil(count / BITS)) {
      levels.push(new Uint32Array(Math.ceil(count / BITS)))
    }
    this.#levels = levels
  }

  add(number: number): void {
    let at = number
    for (const level of this.#levels) {
      level[at >>> SHIFT] = (level[at >>> SHIFT] ?? 0) | (1 << (at & LOW_BITS))
      at >>>= SHIFT
    }
  }

  delete(number: number): void {
    let at = number
    for (const level of this.#levels) {
      const word = (level[at >>> SHIFT] ?? 0) & ~(1 << (at & LOW_BITS))
      level[at >>> SHIFT] = word
      // The word has others still, of which the levels above know.
      if (word !== 0) return
      at >>>= SHIFT
    }
  }

  /** The greatest number up to this one; undefined where there is none. */
  lastUpTo(number: number): number | undefined {
    let at = number
    for (const [depth, level] of this.#levels.entries()) {
      if (at < 0) return undefined
      const upTo = (level[at >>> SHIFT] ?? 0) & (~0 >>> (LOW_BITS - (at & LOW_BITS)))
      if (upTo !== 0) return this.#lastBelow(depth, highest(at >>> SHIFT, upTo))
      at = (at >>> SHIFT) - 1
    }
    return undefined
  }

  /** The greatest number below a bit of a level. */
  #lastBelow(depth: number, bit: number): number {
    let at = bit
    for (const level of this.#levels.slice(0, depth).toReversed()) {
      at = highest(at, level[at] ?? 0)
    }
    return at
  }
}

/** The number of the highest bit of a word. */
function highest(index: number, word: number): number {
  return index * BITS + LOW_BITS - Math.clz32(word)
}
