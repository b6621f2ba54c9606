import { concat } from 'uint8arrays/concat'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { noteMalformed, requireName } from './note-text.ts'

/** One line under a note: whose it says it is, and what that key signed. */
export interface SignatureLine {
  readonly name: string
  /** Four bytes as a number: a hint which key of that name, and no more. */
  readonly keyId: number
  readonly signature: Uint8Array
}

const DASH = '— '
const KEY_ID_BYTES = 4

/** Writes the line, newline included. */
export function formatSignatureLine({ name, keyId, signature }: SignatureLine): string {
  requireName(name)
  const id = new Uint8Array(KEY_ID_BYTES)
  new DataView(id.buffer).setUint32(0, keyId)
  return `${DASH}${name} ${encodeBase64(concat([id, signature]))}\n`
}

/**
 * Reads one line without its newline.
 *
 * @throws TlogError `note-malformed`, `name-malformed`
 */
export function parseSignatureLine(line: string): SignatureLine {
  const space = line.lastIndexOf(' ')
  if (!line.startsWith(DASH) || space < DASH.length) {
    throw noteMalformed('a line under it is no signature line')
  }
  const name = line.slice(DASH.length, space)
  requireName(name)
  const bytes = decodeBase64(line.slice(space + 1))
  if (bytes === undefined || bytes.length <= KEY_ID_BYTES) {
    throw noteMalformed('a signature is not base64 of a key id and a signature')
  }
  const keyId = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  return { name, keyId, signature: bytes.subarray(KEY_ID_BYTES) }
}

/**
 * Reads lines that each end in a newline.
 *
 * @throws TlogError `note-malformed`, `name-malformed`
 */
export function parseSignatureLines(text: string, linesMax: number): readonly SignatureLine[] {
  // One more than there may be: whatever is left over then stands behind the last newline that counts.
  const lines = text.split('\n', linesMax + 2)
  if (lines.length > linesMax + 1) throw noteMalformed(`it has more than ${linesMax} signatures`)
  if (lines.pop() !== '') throw noteMalformed('its last line does not end')
  if (lines.length === 0) throw noteMalformed('it has no signature')
  return lines.map((line) => parseSignatureLine(line))
}
