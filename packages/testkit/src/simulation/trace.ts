/** One thing that happened at one node. */
export interface TraceEntry {
  readonly atMs: number
  readonly node: number
  /** The type of an event, `note`, or the name of a fault. */
  readonly kind: string
  /** The node on the other side of the link. */
  readonly peer?: number | undefined
  /** When a message was sent. */
  readonly sentMs?: number | undefined
  readonly bytes?: Uint8Array | undefined
  readonly text?: string | undefined
}

const ENTRIES_MAX = 4096
const PRIME = 0x0100_0193

/** All that happened, as a digest; the last of it in full. */
export class Trace {
  readonly #last: TraceEntry[] = []
  #count = 0
  #low = 0x811c_9dc5
  #high = 0x1b87_3593
  readonly #double = new Float64Array(1)
  readonly #words = new Uint32Array(this.#double.buffer)
  /** A message to many is hashed once. */
  readonly #hashes = new WeakMap<Uint8Array, number>()

  /** How many things have happened. */
  get count(): number {
    return this.#count
  }

  /** The node of the latest entry. */
  get lastNode(): number | undefined {
    return this.#last[(this.#count - 1) % ENTRIES_MAX]?.node
  }

  /** Equal after two runs in which the same happened, at the same times, in the same order. */
  get digest(): string {
    return [this.#low, this.#high]
      .map((word) => (word >>> 0).toString(16).padStart(8, '0'))
      .join('')
  }

  record(entry: TraceEntry): void {
    this.#last[this.#count % ENTRIES_MAX] = entry
    this.#count += 1
    this.#mixNumber(entry.atMs)
    this.#mix(entry.node)
    this.#mixText(entry.kind)
    if (entry.peer !== undefined) this.#mix(entry.peer)
    if (entry.sentMs !== undefined) this.#mixNumber(entry.sentMs)
    if (entry.bytes !== undefined) this.#mix(this.#hashOf(entry.bytes))
    if (entry.text !== undefined) this.#mixText(entry.text)
  }

  /** The last entries, oldest first. */
  last(): readonly TraceEntry[] {
    const first = this.#count % ENTRIES_MAX
    return this.#count <= ENTRIES_MAX
      ? [...this.#last]
      : [...this.#last.slice(first), ...this.#last.slice(0, first)]
  }

  #mix(word: number): void {
    this.#low = Math.imul(this.#low ^ word, PRIME)
    this.#high = Math.imul(this.#high ^ (this.#low >>> 13) ^ word, 0x85eb_ca6b) | 0
  }

  #mixNumber(value: number): void {
    this.#double[0] = value
    this.#mix(this.#words[0] ?? 0)
    this.#mix(this.#words[1] ?? 0)
  }

  #mixText(text: string): void {
    this.#mix(text.length)
    for (let index = 0; index < text.length; index += 1) this.#mix(text.charCodeAt(index))
  }

  #hashOf(bytes: Uint8Array): number {
    const known = this.#hashes.get(bytes)
    if (known !== undefined) return known
    let hash = bytes.length
    for (let index = 0; index < bytes.length; index += 1) {
      hash = Math.imul(hash ^ (bytes[index] ?? 0), PRIME)
    }
    this.#hashes.set(bytes, hash)
    return hash
  }
}
