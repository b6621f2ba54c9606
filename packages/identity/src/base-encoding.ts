import { base58btc } from 'multiformats/bases/base58'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'

const NO_DIGIT = 255
/** The value of each digit by its character code. */
const BASE64URL_DIGITS = digitsOf(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
)

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

/**
 * Reads base64url without padding; undefined when the text is too long or not the one encoding of its bytes.
 *
 * By hand, since every ML-DSA signature comes this way: decoding and encoding again to compare cost more than
 * verifying it. Bits that are left over must be zero, and so there is one text for some bytes.
 */
export function decodeBase64Url(text: string, lengthMax: number): Uint8Array | undefined {
  if (text.length > lengthMax || text.length % 4 === 1) return undefined
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let pending = 0
  let bits = 0
  let at = 0
  for (let index = 0; index < text.length; index += 1) {
    const digit = BASE64URL_DIGITS[text.charCodeAt(index)] ?? NO_DIGIT
    if (digit === NO_DIGIT) return undefined
    pending = (pending << 6) | digit
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes[at] = pending >> bits
      at += 1
      pending &= (1 << bits) - 1
    }
  }
  return pending === 0 ? bytes : undefined
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

function digitsOf(alphabet: string): Uint8Array {
  const digits = new Uint8Array(128).fill(NO_DIGIT)
  for (const [value, digit] of alphabet.split('').entries()) digits[digit.charCodeAt(0)] = value
  return digits
}
