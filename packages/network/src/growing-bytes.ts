/**
 * Bytes that come in pieces, in one buffer: what is held grows with the bytes, however small the pieces are.
 *
 * The buffer doubles up to `lengthMax`; it is not made for what was only announced.
 */
export class GrowingBytes {
  readonly #lengthMax: number
  #buffer: Uint8Array<ArrayBuffer>
  #length = 0

  constructor(lengthMax: number, firstBytes: number) {
    this.#lengthMax = lengthMax
    this.#buffer = new Uint8Array(Math.min(lengthMax, firstBytes))
  }

  /** How many more bytes it takes. */
  get room(): number {
    return this.#lengthMax - this.#length
  }

  /** Takes as many of these bytes as there is room for, and returns the rest. */
  append(bytes: Uint8Array): Uint8Array {
    const taken = bytes.subarray(0, this.room)
    const needed = this.#length + taken.byteLength
    if (needed > this.#buffer.byteLength) {
      const larger = new Uint8Array(
        Math.min(this.#lengthMax, Math.max(needed, 2 * this.#buffer.byteLength)),
      )
      larger.set(this.#buffer.subarray(0, this.#length))
      this.#buffer = larger
    }
    this.#buffer.set(taken, this.#length)
    this.#length = needed
    return bytes.subarray(taken.byteLength)
  }

  /** All of them so far; shares the buffer. */
  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }
}
