import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { AuditError } from './audit-error.ts'
import { ENTRY_BYTES_MAX } from './entry-codec.ts'

/** One line of a segment: an entry, or the checkpoint of the tree up to here. */
export type SegmentLine =
  | { readonly type: 'entry'; readonly bytes: Uint8Array }
  | { readonly type: 'checkpoint'; readonly note: string }

/** Bytes of the longest line, its newline not counted. A checkpoint that its log alone has signed has some 4,000. */
export const LINE_BYTES_MAX: number = ENTRY_BYTES_MAX

const NEWLINE = Uint8Array.of(0x0a)
const CHECKPOINT_MARK = 0x23

/** The line of an entry, newline included. */
export function entryLine(bytes: Uint8Array): Uint8Array {
  return concat([bytes, NEWLINE])
}

/** The line of a checkpoint, newline included: `#` and the note as a JSON string. */
export function checkpointLine(note: string): Uint8Array {
  return fromString(`#${JSON.stringify(note)}\n`, 'utf8')
}

/**
 * Reads a line without its newline; whether an entry is one is for `decodeEntry` to say.
 *
 * @throws AuditError `line-too-long`, `line-malformed`
 */
export function parseSegmentLine(line: Uint8Array): SegmentLine {
  if (line.length > LINE_BYTES_MAX) {
    throw new AuditError('line-too-long', `a line of a segment has at most ${LINE_BYTES_MAX} bytes`)
  }
  if (line[0] !== CHECKPOINT_MARK) return { type: 'entry', bytes: line }
  const text = toString(line, 'utf8').slice(1)
  const note = parseNote(text)
  // One way to write it, so that two segments with one content are one file.
  if (JSON.stringify(note) !== text) throw malformed()
  return { type: 'checkpoint', note }
}

function parseNote(text: string): string {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'string' && value.isWellFormed()) return value
  } catch {
    // The parser's message would quote the text.
  }
  throw malformed()
}

function malformed(): AuditError {
  return new AuditError('line-malformed', 'a line that starts with "#" is no checkpoint')
}
