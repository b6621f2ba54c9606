import { concat } from 'uint8arrays/concat'

const LENGTH_BYTES = 4

/** Each part behind its length as u32 big-endian, so that no two lists of parts give the same bytes. */
export function lengthPrefixed(parts: readonly Uint8Array[]): Uint8Array {
  return concat(parts.flatMap((part) => [lengthOf(part), part]))
}

function lengthOf(part: Uint8Array): Uint8Array {
  const length = new Uint8Array(LENGTH_BYTES)
  new DataView(length.buffer).setUint32(0, part.length)
  return length
}
