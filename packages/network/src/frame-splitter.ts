import { NetworkError } from './network-error.ts'

const LENGTH_BYTES = 2
/** The tag of an empty message: nothing shorter was ever sealed. */
const FRAME_BYTES_MIN = 16

/** Cuts the bytes of a channel into frames: u16 big-endian length, then the sealed message. Holds one unfinished frame. */
export class FrameSplitter {
  readonly #length = new Uint8Array(LENGTH_BYTES)
  #lengthBytes = 0
  #body: Uint8Array | undefined
  #bodyBytes = 0;

  /** Takes the next bytes and yields the frames that they complete; a frame inside one chunk is a view of it. */
  *push(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
    let offset = 0
    while (offset < chunk.length) {
      const whole = this.#lengthBytes === 0 ? wholeFrame(chunk, offset) : undefined
      if (whole !== undefined) {
        offset += LENGTH_BYTES + whole.length
        yield whole
        continue
      }
      offset += this.#gather(chunk.subarray(offset))
      const body = this.#body
      if (body !== undefined && this.#bodyBytes === body.length) {
        this.#lengthBytes = 0
        this.#body = undefined
        this.#bodyBytes = 0
        yield body
      }
    }
  }

  /** Adds to the unfinished frame; returns how many bytes it has taken. */
  #gather(bytes: Uint8Array): number {
    const body = this.#body
    if (body === undefined) {
      const taken = bytes.subarray(0, LENGTH_BYTES - this.#lengthBytes)
      this.#length.set(taken, this.#lengthBytes)
      this.#lengthBytes += taken.length
      if (this.#lengthBytes === LENGTH_BYTES) this.#body = new Uint8Array(readLength(this.#length))
      return taken.length
    }
    const taken = bytes.subarray(0, body.length - this.#bodyBytes)
    body.set(taken, this.#bodyBytes)
    this.#bodyBytes += taken.length
    return taken.length
  }
}

function wholeFrame(chunk: Uint8Array, offset: number): Uint8Array | undefined {
  const start = offset + LENGTH_BYTES
  if (start > chunk.length) return undefined
  const end = start + readLength(chunk.subarray(offset, start))
  return end > chunk.length ? undefined : chunk.subarray(start, end)
}

function readLength(prefix: Uint8Array): number {
  const length = (prefix[0] ?? 0) * 256 + (prefix[1] ?? 0)
  if (length < FRAME_BYTES_MIN) {
    throw new NetworkError('channel-frame-invalid', 'a frame is shorter than its tag')
  }
  return length
}
