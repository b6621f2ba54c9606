import { allocUnsafe } from 'uint8arrays/alloc'
import { concat } from 'uint8arrays/concat'

const LENGTH_BYTES = 2

/** Seals with that many free bytes in front of the ciphertext. */
export interface Sealer {
  seal(plaintext: Uint8Array, headroom: number): Uint8Array
}

/** Plaintext that waits to be sealed together. The chunks are views and must not change meanwhile. */
export class PlaintextBatch {
  readonly #frameBytesMax: number
  #chunks: Uint8Array[] = []
  #bytes = 0

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.byteLength
  }

  clear(): void {
    this.#chunks = []
    this.#bytes = 0
  }

  /** Everything in as few frames as it takes (u16 length, then the sealed message), in one buffer. */
  seal(sealer: Sealer): Uint8Array {
    const plaintext = this.#gather()
    const frames: Uint8Array[] = []
    for (let start = 0; start < plaintext.length; start += this.#frameBytesMax) {
      frames.push(sealFrame(sealer, plaintext.subarray(start, start + this.#frameBytesMax)))
    }
    const [first] = frames
    return frames.length === 1 && first !== undefined ? first : concat(frames)
  }

  #gather(): Uint8Array {
    const [first] = this.#chunks
    const chunks = this.#chunks
    const bytes = this.#bytes
    this.clear()
    if (chunks.length === 1 && first !== undefined) return first
    const gathered = allocUnsafe(bytes)
    let offset = 0
    for (const chunk of chunks) {
      gathered.set(chunk, offset)
      offset += chunk.byteLength
    }
    return gathered
  }
}

function sealFrame(sealer: Sealer, plaintext: Uint8Array): Uint8Array {
  const frame = sealer.seal(plaintext, LENGTH_BYTES)
  const length = frame.length - LENGTH_BYTES
  frame[0] = length >> 8
  frame[1] = length & 0xff
  return frame
}
