import { ExportError } from './export-error.ts'

/** RELP frames: `TXNR SP COMMAND SP DATALEN [SP DATA] LF`. */
export const RELP_TXNR_MAX = 999_999_999
const HEADER_LENGTH_MAX = 64
const DATA_BYTES_MAX = 65_536
const SPACE = 0x20
const LINE_FEED = 0x0a
const HEADER_PATTERN = /^(\d{1,9}) ([A-Za-z]{1,32}) (\d{1,9})$/

export interface RelpFrame {
  readonly txnr: number
  readonly command: string
  readonly data: string
}

/** A frame as bytes. */
export function encodeRelpFrame(txnr: number, command: string, data: Uint8Array): Uint8Array {
  const header = Buffer.from(`${txnr} ${command} ${data.length}${data.length === 0 ? '' : ' '}`)
  return Buffer.concat([header, data, Buffer.from('\n')])
}

/** Finds frames in what a receiver sends, in chunks of any size and in bounded memory. */
export class RelpFrameReader {
  #bytes: Buffer = Buffer.alloc(0)

  /**
   * The frames that are whole now.
   *
   * @throws ExportError `receiver-refused` for what is not RELP
   */
  push(chunk: Uint8Array): readonly RelpFrame[] {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    const frames: RelpFrame[] = []
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame)
    return frames
  }

  #next(): RelpFrame | undefined {
    const end = this.#headerEnd()
    if (end === undefined) return undefined
    const match = HEADER_PATTERN.exec(this.#bytes.toString('latin1', 0, end))
    if (match === null) throw malformed()
    const [, txnr = '', command = '', size = ''] = match
    const length = Number(size)
    if (length > DATA_BYTES_MAX || (this.#bytes[end] === LINE_FEED) !== (length === 0)) {
      throw malformed()
    }
    const start = length === 0 ? end : end + 1
    const trailer = this.#bytes[start + length]
    if (trailer === undefined) return undefined
    if (trailer !== LINE_FEED) throw malformed()
    const data = this.#bytes.toString('utf8', start, start + length)
    this.#bytes = this.#bytes.subarray(start + length + 1)
    return { txnr: Number(txnr), command, data }
  }

  /** Where the third part of the header ends; undefined while that is not known. */
  #headerEnd(): number | undefined {
    let spaces = 0
    for (const [at, byte] of this.#bytes.subarray(0, HEADER_LENGTH_MAX).entries()) {
      if (byte === SPACE) spaces += 1
      if (byte === LINE_FEED || spaces === 3) return at
    }
    if (this.#bytes.length >= HEADER_LENGTH_MAX) throw malformed()
    return undefined
  }
}

function malformed(): ExportError {
  return new ExportError('receiver-refused', 'what the receiver sent is not RELP')
}
