import { canonicalJson } from '@warren/core'
import { toString } from 'uint8arrays/to-string'
import { encodeEntry } from '../entry-codec.ts'
import type { Entry } from '../entry.ts'
import type { CopyMark } from './copy-mark.ts'

/**
 * An entry as a line of JSON, newline included: the very bytes whose hash is its leaf, so that the copy can be proven.
 * A copy that is marked has one member more, `resent`, and is the same bytes without it.
 *
 * @throws AuditError as `encodeEntry` does
 */
export function formatJsonLine(entry: Entry, mark: CopyMark = {}): string {
  if (mark.resent === true) return `${canonicalJson({ ...entry, resent: true })}\n`
  return `${toString(encodeEntry(entry), 'utf8')}\n`
}
