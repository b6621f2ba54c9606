import { TlogError } from '../tlog-error.ts'
import { HASH_BYTES, requireHashes } from '../tree/node-hash.ts'
import { requireSize } from '../tree/subtree-address.ts'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { decodeText, noteMalformed, parseDecimal, requireName, requireText } from './note-text.ts'
import { formatSignatureLine, parseSignatureLines, type SignatureLine } from './signature-line.ts'

/** Bytes of the longest note that is read: room for sixteen cosigners, two lines each. */
export const NOTE_BYTES_MAX = 65_536
/** Lines under a note. C2SP asks for sixteen signatures at least. */
export const SIGNATURE_LINES_MAX = 64

/** What a log is at one time: whose, how long, and under which root. */
export interface TreeHead {
  readonly origin: string
  readonly size: number
  readonly root: Uint8Array
}

/** A tree head with the lines under it, none of them verified yet (C2SP tlog-checkpoint). */
export interface Checkpoint extends TreeHead {
  readonly lines: readonly SignatureLine[]
}

/**
 * Reads a checkpoint that came from outside: exactly three lines, without extensions, and lines of signatures.
 *
 * @throws TlogError `note-too-long`, `note-malformed`, `name-malformed`
 */
export function parseCheckpoint(text: string): Checkpoint {
  requireText(text, NOTE_BYTES_MAX)
  const end = text.indexOf('\n\n')
  if (end === -1) throw noteMalformed('no empty line stands between text and signatures')
  const head = parseHead(text.slice(0, end))
  return { ...head, lines: parseSignatureLines(text.slice(end + 2), SIGNATURE_LINES_MAX) }
}

/**
 * Reads such a checkpoint from bytes.
 *
 * @throws TlogError `note-too-long`, `note-malformed`, `name-malformed`
 */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  return parseCheckpoint(decodeText(bytes, NOTE_BYTES_MAX))
}

/**
 * Writes a checkpoint with its lines, as it is read.
 *
 * @throws TlogError `note-too-long`, `note-malformed`
 */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  const { length } = checkpoint.lines
  if (length === 0 || length > SIGNATURE_LINES_MAX) {
    throw noteMalformed(`it has 1 to ${SIGNATURE_LINES_MAX} signatures`)
  }
  const lines = checkpoint.lines.map((line) => formatSignatureLine(line))
  const text = `${formatHead(checkpoint)}\n${lines.join('')}`
  requireText(text, NOTE_BYTES_MAX)
  return text
}

/**
 * Writes the text of a checkpoint, which is what its signatures are about.
 *
 * @throws TlogError `name-malformed`, `size-malformed`, `hash-malformed`
 */
export function formatHead({ origin, size, root }: TreeHead): string {
  requireName(origin)
  requireSize(size)
  requireHashes([root])
  return `${origin}\n${size}\n${encodeBase64(root)}\n`
}

function parseHead(text: string): TreeHead {
  const [origin = '', sizeText = '', rootText = '', ...extensions] = text.split('\n', 4)
  if (extensions.length > 0) {
    throw new TlogError('checkpoint-extended', 'a checkpoint has three lines, and no extensions')
  }
  requireName(origin)
  const size = parseDecimal(sizeText)
  if (size === undefined) throw noteMalformed('its size is not a whole number')
  const root = decodeBase64(rootText)
  if (root?.length !== HASH_BYTES) throw noteMalformed('its root is not base64 of a hash')
  return { origin, size, root }
}
