import { base58btc } from 'multiformats/bases/base58'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'

/** Writes base58btc without a multibase prefix. */
export function encodeBase58(bytes: Uint8Array): string {
  return base58btc.baseEncode(bytes)
}

/** Reads base58btc without a prefix; undefined when the text is too long (decoding is quadratic) or malformed. */
export function decodeBase58(text: string, lengthMax: number): Uint8Array | undefined {
  if (text.length > lengthMax) return undefined
  return decodeCanonical(text, {
    decode: (value) => base58btc.baseDecode(value),
    encode: encodeBase58,
  })
}

/** Writes base64url (RFC 4648 §5) without padding. */
export function encodeBase64Url(bytes: Uint8Array): string {
  return toString(bytes, 'base64url')
}

/** Reads base64url without padding; undefined when the text is too long or not the one encoding of its bytes. */
export function decodeBase64Url(text: string, lengthMax: number): Uint8Array | undefined {
  if (text.length > lengthMax) return undefined
  return decodeCanonical(text, {
    decode: (value) => fromString(value, 'base64url'),
    encode: encodeBase64Url,
  })
}

/** The UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return fromString(text, 'utf8')
}

interface Codec {
  decode(text: string): Uint8Array
  encode(bytes: Uint8Array): string
}

function decodeCanonical(text: string, codec: Codec): Uint8Array | undefined {
  try {
    const bytes = codec.decode(text)
    return codec.encode(bytes) === text ? bytes : undefined
  } catch {
    // The decoders throw on characters outside their alphabet; the caller names the rule that was broken.
    return undefined
  }
}
