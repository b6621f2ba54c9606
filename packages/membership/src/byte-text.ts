import { equals } from 'uint8arrays/equals'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'

const REPLACEMENT = '\uFFFD'

/** Multibase base64url without padding: `u` and the digits. */
export function multibaseText(bytes: Uint8Array): string {
  return `u${toString(bytes, 'base64url')}`
}

/** Reads such a text; undefined when it is malformed, of another length, or not written in the one way. */
export function multibaseBytes(text: string, length: number): Uint8Array | undefined {
  // The length in digits first: four digits carry three bytes, and padding is not written.
  if (text.length !== 1 + Math.ceil((length * 4) / 3) || !/^u[\w-]+$/.test(text)) return undefined
  try {
    const bytes = fromString(text.slice(1), 'base64url')
    return multibaseText(bytes) === text ? bytes : undefined
  } catch {
    // The decoder throws on digits left over; the caller says which field they stood in.
    return undefined
  }
}

export function utf8Bytes(text: string): Uint8Array {
  return fromString(text, 'utf8')
}

/** Decodes UTF-8; undefined when the bytes are not exactly the encoding of some text. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  const text = toString(bytes, 'utf8')
  // Decoding writes U+FFFD for whatever is malformed, and changes nothing else.
  if (!text.includes(REPLACEMENT)) return text
  return equals(fromString(text, 'utf8'), bytes) ? text : undefined
}
