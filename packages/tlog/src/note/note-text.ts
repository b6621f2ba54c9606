import { equals } from 'uint8arrays/equals'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { TlogError } from '../tlog-error.ts'

/** Control characters below U+0020 but newline, which C2SP signed-note forbids. */
// oxlint-disable-next-line no-control-regex -- They are what it looks for.
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/
/** What C2SP calls a Unicode space, and plus: neither may stand in a key name. U+0085 is a space there and none in ECMAScript. */
const NOT_IN_NAME = /[\s\u0085+]/
/** The ML-DSA-44 message has one byte for the length of a name. */
const NAME_BYTES_MAX = 255
const DECIMAL = /^(?:0|[1-9]\d{0,15})$/

export function utf8(text: string): Uint8Array {
  return fromString(text, 'utf8')
}

/** Reads a text that came as bytes: at most so many, UTF-8, no control characters but newline. */
export function decodeText(bytes: Uint8Array, bytesMax: number): string {
  requireBytes(bytes.length, bytesMax)
  const text = toString(bytes, 'utf8')
  // Decoding writes U+FFFD for what is malformed, and may drop a byte order mark.
  if (!equals(utf8(text), bytes)) throw noteMalformed('it is not UTF-8')
  requireText(text, bytesMax)
  return text
}

/** Refuses a text that is longer than so many bytes of UTF-8, has none, or holds control characters but newline. */
export function requireText(text: string, bytesMax: number): void {
  requireBytes(text.length, bytesMax)
  if (!text.isWellFormed()) throw noteMalformed('it holds a lone surrogate')
  requireBytes(utf8(text).length, bytesMax)
  if (CONTROL.test(text)) throw noteMalformed('it holds a control character')
}

/** Refuses what cannot be the name of a key, and so neither the origin of a log. */
export function requireName(name: string): void {
  if (
    name.length === 0 ||
    name.length > NAME_BYTES_MAX ||
    NOT_IN_NAME.test(name) ||
    CONTROL.test(name) ||
    !name.isWellFormed() ||
    utf8(name).length > NAME_BYTES_MAX
  ) {
    throw new TlogError(
      'name-malformed',
      `a name has 1 to ${NAME_BYTES_MAX} bytes and neither spaces nor "+"`,
    )
  }
}

/** Reads a whole number as the formats of C2SP write it; undefined when it is written otherwise or too large. */
export function parseDecimal(text: string): number | undefined {
  if (!DECIMAL.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}

/** What is wrong with a text that should be a note, or made of notes. */
export function noteMalformed(reason: string): TlogError {
  return new TlogError('note-malformed', `this is not a note: ${reason}`)
}

function requireBytes(length: number, bytesMax: number): void {
  if (length <= bytesMax) return
  throw new TlogError('note-too-long', `this has more than ${bytesMax} bytes`)
}
