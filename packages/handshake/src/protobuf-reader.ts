import { HandshakeError, type HandshakeStep } from './handshake-error.ts'

/** One field on the wire. All fields of the payload have wire type 2. */
export interface ProtobufField {
  readonly number: number
  readonly value: Uint8Array
}

const WIRE_TYPE_BITS = 3
const WIRE_TYPE_MASK = 0b111
const WIRE_TYPE_LENGTH_DELIMITED = 2

/** Three bytes hold every length and every tag that fits a payload of 16 kB. */
const VARINT_BYTES_MAX = 3
const VARINT_CONTINUES = 0x80
const VARINT_BITS = 7
const VARINT_MASK = 0x7f

/**
 * Reads a protobuf message of which every field is length-delimited.
 *
 * Stricter than the encoding guide: any other wire type, and a varint that is longer than it need
 * be or than three bytes, throws `payload-malformed` at `step`. Values are views of `bytes`.
 */
export function* readFields(bytes: Uint8Array, step: HandshakeStep): Generator<ProtobufField> {
  let offset = 0
  while (offset < bytes.length) {
    const tag = readVarint(bytes, offset, step)
    const number = tag.value >>> WIRE_TYPE_BITS
    if (number === 0 || (tag.value & WIRE_TYPE_MASK) !== WIRE_TYPE_LENGTH_DELIMITED) {
      throw new HandshakeError('payload-malformed', step)
    }
    const length = readVarint(bytes, tag.end, step)
    const end = length.end + length.value
    if (end > bytes.length) throw new HandshakeError('payload-malformed', step)
    yield { number, value: bytes.subarray(length.end, end) }
    offset = end
  }
}

interface Varint {
  readonly value: number
  readonly end: number
}

function readVarint(bytes: Uint8Array, start: number, step: HandshakeStep): Varint {
  let value = 0
  for (let index = 0; index < VARINT_BYTES_MAX; index += 1) {
    const byte = bytes[start + index]
    if (byte === undefined) break
    value |= (byte & VARINT_MASK) << (VARINT_BITS * index)
    if ((byte & VARINT_CONTINUES) !== 0) continue
    // A last byte of zero means that the number would have fitted into fewer bytes.
    if (index > 0 && byte === 0) break
    return { value, end: start + index + 1 }
  }
  throw new HandshakeError('payload-malformed', step)
}
