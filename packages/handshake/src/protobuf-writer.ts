import { concat } from 'uint8arrays/concat'

const WIRE_TYPE_LENGTH_DELIMITED = 2
const WIRE_TYPE_BITS = 3
const VARINT_CONTINUES = 0x80
const VARINT_BITS = 7

/** One length-delimited protobuf field. */
export function writeField(number: number, value: Uint8Array): Uint8Array {
  const tag = varint((number << WIRE_TYPE_BITS) | WIRE_TYPE_LENGTH_DELIMITED)
  return concat([tag, varint(value.length), value])
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest >= VARINT_CONTINUES) {
    bytes.push((rest % VARINT_CONTINUES) | VARINT_CONTINUES)
    rest >>>= VARINT_BITS
  }
  bytes.push(rest)
  return Uint8Array.from(bytes)
}
