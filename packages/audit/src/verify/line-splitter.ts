import { concat } from 'uint8arrays/concat'
import { LINE_BYTES_MAX } from '../segment-line.ts'

/** One line without its newline, and where it starts. */
export interface SplitLine {
  readonly bytes: Uint8Array
  readonly offset: number
}

const NEWLINE = 0x0a
const EMPTY = new Uint8Array(0)
/** One byte too many, so that whoever parses the line sees that it is too long. */
const HELD_BYTES_MAX = LINE_BYTES_MAX + 1

/** Cuts chunks of a file into lines. Of a line that is too long the beginning is kept, and no more. */
export class LineSplitter {
  #held: Uint8Array = EMPTY
  #start = 0
  #end = 0

  /** What stands behind the last newline; undefined for nothing. */
  get rest(): SplitLine | undefined {
    return this.#end === this.#start ? undefined : { bytes: this.#held, offset: this.#start }
  }

  *push(chunk: Uint8Array): Generator<SplitLine> {
    let at = 0
    for (
      let newline = chunk.indexOf(NEWLINE);
      newline !== -1;
      newline = chunk.indexOf(NEWLINE, at)
    ) {
      yield { bytes: this.#with(chunk.subarray(at, newline)), offset: this.#start }
      this.#end += newline + 1 - at
      this.#start = this.#end
      this.#held = EMPTY
      at = newline + 1
    }
    // A copy, since the chunk is the caller's to fill anew; `slice` of a Buffer makes none.
    this.#held = Uint8Array.from(this.#with(chunk.subarray(at)))
    this.#end += chunk.length - at
  }

  #with(bytes: Uint8Array): Uint8Array {
    if (this.#held.length === 0) return bytes.subarray(0, HELD_BYTES_MAX)
    const room = HELD_BYTES_MAX - this.#held.length
    return room === 0 ? this.#held : concat([this.#held, bytes.subarray(0, room)])
  }
}
