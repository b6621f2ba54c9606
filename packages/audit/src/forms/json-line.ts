import { toString } from 'uint8arrays/to-string'
import { encodeEntry } from '../entry-codec.ts'
import type { Entry } from '../entry.ts'

/**
 * An entry as a line of JSON, newline included: the very bytes whose hash is its leaf, so that the copy can be proven.
 *
 * @throws AuditError as `encodeEntry` does
 */
export function formatJsonLine(entry: Entry): string {
  return `${toString(encodeEntry(entry), 'utf8')}\n`
}
