import { type Checkpoint, parseCheckpoint, TlogError } from '@warren/tlog'
import { AuditError } from '../audit-error.ts'
import { decodeEntry } from '../entry-codec.ts'
import type { Entry } from '../entry.ts'
import { parseSegmentLine } from '../segment-line.ts'

/** A line as it may stand in a damaged file: whatever does not start as a checkpoint stands for an entry. */
export type AnyLine =
  | { readonly type: 'entry'; readonly entry: Entry | undefined }
  | { readonly type: 'checkpoint'; readonly checkpoint: Checkpoint }
  | { readonly type: 'malformed' }

/** Reads a line of a file that may be damaged; never throws for what stands there. */
export function readLine(bytes: Uint8Array): AnyLine {
  try {
    const line = parseSegmentLine(bytes)
    return line.type === 'entry'
      ? { type: 'entry', entry: readEntry(bytes) }
      : { type: 'checkpoint', checkpoint: parseCheckpoint(line.note) }
  } catch (error) {
    if (error instanceof AuditError && error.code === 'line-too-long') {
      return { type: 'entry', entry: undefined }
    }
    if (error instanceof AuditError || error instanceof TlogError) return { type: 'malformed' }
    throw error
  }
}

function readEntry(bytes: Uint8Array): Entry | undefined {
  try {
    return decodeEntry(bytes)
  } catch (error) {
    if (!(error instanceof AuditError)) throw error
    return undefined
  }
}
