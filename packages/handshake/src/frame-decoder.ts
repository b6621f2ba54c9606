import { FRAME_HEADER_BYTES, FRAME_TYPES, type Frame, readFrameHeader } from './call-frame.ts'
import { HandshakeError } from './handshake-error.ts'

const NOTHING = new Uint8Array(0)

/**
 * Cuts the bytes of one direction of a call into frames, without opening them.
 *
 * Holds at most one unfinished frame. A header outside of the limits throws at once, before its
 * body is waited for, and so does every later call. A frame that lies in one chunk is a view of
 * that chunk, so nobody writes to a chunk after it has been pushed. It takes nothing beyond the
 * frame that ends the direction: what stands behind it is `rest`.
 */
export class FrameDecoder {
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES)
  #headerBytes = 0
  #body: Uint8Array | undefined
  #bodyBytes = 0
  #ended = false
  #rest: Uint8Array = NOTHING
  #failure: HandshakeError | undefined

  /** What came behind the frame that ended the direction: it belongs to what the stream carries next. */
  get rest(): Uint8Array {
    return this.#rest
  }

  /** Takes the next bytes and returns the frames that they complete, in order. */
  push(chunk: Uint8Array): readonly Frame[] {
    if (this.#failure !== undefined) throw this.#failure
    try {
      return this.#cut(chunk)
    } catch (error) {
      if (error instanceof HandshakeError) this.#failure = error
      this.#body = undefined
      throw error
    }
  }

  /** Throws `truncated` when the stream has ended inside of a frame. */
  requireBoundary(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#headerBytes > 0) throw new HandshakeError('truncated', 'call.end')
  }

  #cut(chunk: Uint8Array): readonly Frame[] {
    const frames: Frame[] = []
    let offset = 0
    if (this.#ended) throw new HandshakeError('frame-after-end', 'call.header')
    while (offset < chunk.length && !this.#ended) {
      const rest = offset === 0 ? chunk : chunk.subarray(offset)
      const whole = this.#headerBytes === 0 ? wholeFrame(rest) : undefined
      if (whole === undefined) {
        offset += this.#gather(rest, frames)
      } else {
        this.#take(whole, frames)
        offset += FRAME_HEADER_BYTES + whole.body.length
      }
    }
    this.#rest = chunk.subarray(offset)
    return frames
  }

  #take(frame: Frame, frames: Frame[]): void {
    const { type } = readFrameHeader(frame.header)
    this.#ended = type === FRAME_TYPES.final || type === FRAME_TYPES.error
    frames.push(frame)
  }

  /** Adds to the unfinished frame; returns how many bytes it has taken. */
  #gather(bytes: Uint8Array, frames: Frame[]): number {
    if (this.#body === undefined) {
      const taken = bytes.subarray(0, FRAME_HEADER_BYTES - this.#headerBytes)
      this.#header.set(taken, this.#headerBytes)
      this.#headerBytes += taken.length
      if (this.#headerBytes === FRAME_HEADER_BYTES) {
        this.#body = new Uint8Array(readFrameHeader(this.#header).bodyBytes)
      }
      return taken.length
    }
    const taken = bytes.subarray(0, this.#body.length - this.#bodyBytes)
    this.#body.set(taken, this.#bodyBytes)
    this.#bodyBytes += taken.length
    if (this.#bodyBytes === this.#body.length) {
      this.#take({ header: this.#header.slice(), body: this.#body }, frames)
      this.#headerBytes = 0
      this.#body = undefined
      this.#bodyBytes = 0
    }
    return taken.length
  }
}

function wholeFrame(bytes: Uint8Array): Frame | undefined {
  if (bytes.length < FRAME_HEADER_BYTES) return undefined
  const header = bytes.subarray(0, FRAME_HEADER_BYTES)
  const end = FRAME_HEADER_BYTES + readFrameHeader(header).bodyBytes
  if (bytes.length < end) return undefined
  return { header, body: bytes.subarray(FRAME_HEADER_BYTES, end) }
}
