import type { JsonValue } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'

/** Where a value belongs: the entry, and the JSON Pointer of a field; the whole value has the empty one. */
export interface ValuePlace {
  readonly seq: number
  readonly path: string
}

const SEQ_BYTES = 8

/**
 * The salt of a value: HMAC-SHA-256 under the salt key of its segment, over the place of the entry (64 bits,
 * big-endian) and the path. Nothing is stored for it, and the salt of one value tells nothing about any other.
 */
export function saltOf(suite: CryptoSuite, saltKey: Uint8Array, place: ValuePlace): Uint8Array {
  const seq = new Uint8Array(SEQ_BYTES)
  new DataView(seq.buffer).setBigUint64(0, BigInt(place.seq))
  return suite.hmacSha256(saltKey, seq, fromString(place.path, 'utf8'))
}

/** The digest of a text under a salt of 32 bytes: base64url of SHA-256(salt ‖ UTF-8 of the text). */
export function saltedDigest(suite: CryptoSuite, salt: Uint8Array, text: string): string {
  return toString(suite.sha256(salt, fromString(text, 'utf8')), 'base64url')
}

/** The value at a JSON Pointer (RFC 6901); undefined where there is none, or the text is no pointer. */
export function valueAt(root: JsonValue, pointer: string): JsonValue | undefined {
  if (pointer === '') return root
  if (!pointer.startsWith('/')) return undefined
  let value: JsonValue | undefined = root
  for (const token of pointerNames(pointer)) value = childOf(value, token)
  return value
}

/** The names along a pointer that is not empty. */
export function pointerNames(pointer: string): readonly string[] {
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function childOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return Object.entries(value).find(([key]) => key === name)?.[1]
}
