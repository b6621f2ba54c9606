import { AuditError, parseSegmentLine } from '@warren/audit'
import { parseCheckpoint, TlogError } from '@warren/tlog'

const HASH_SIGN = 0x23

/** What a segment says of its tree. */
export interface CheckpointLine {
  readonly note: string
  readonly size: number
  readonly root: Uint8Array
}

/** Reads a line that holds a checkpoint, whose signatures are the verifier's to judge; undefined for every other line. */
export function parseCheckpointLine(line: Uint8Array): CheckpointLine | undefined {
  if (line[0] !== HASH_SIGN) return undefined
  try {
    const parsed = parseSegmentLine(line)
    if (parsed.type !== 'checkpoint') return undefined
    const { size, root } = parseCheckpoint(parsed.note)
    return { note: parsed.note, size, root }
  } catch (error) {
    if (error instanceof AuditError || error instanceof TlogError) return undefined
    throw error
  }
}
