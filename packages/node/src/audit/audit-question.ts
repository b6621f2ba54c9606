import { NodeError } from '../node-error.ts'

/** What one member asks another about an audit log. */
export type AuditQuestion =
  /** To cosign the log of the one who asks: a request of C2SP tlog-witness. */
  | { readonly ask: 'cosign'; readonly request: Uint8Array }
  /** What the other one holds of a log of which this checkpoint was signed; its answer is a checkpoint, or nothing. */
  | { readonly ask: 'compare'; readonly checkpoint: string }
  /** What the other one's own log was at an old size, seen from a larger one; its answer are hashes, or nothing. */
  | { readonly ask: 'history'; readonly oldSize: number; readonly size: number }

const FIRST_LINE_BYTES_MAX = 64
const HISTORY = /^history (0|[1-9]\d{0,15}) ([1-9]\d{0,15})$/
const HASH_BYTES = 32
/** One hash for each level of the largest tree, and the one in front. */
const HASHES_MAX = 54

/** Writes a question: what is asked in the first line, and below it what it is asked about. */
export function encodeQuestion(question: AuditQuestion): Uint8Array {
  if (question.ask === 'cosign') return Buffer.concat([Buffer.from('cosign\n'), question.request])
  if (question.ask === 'compare') return Buffer.from(`compare\n${question.checkpoint}`)
  return Buffer.from(`history ${question.oldSize} ${question.size}\n`)
}

/**
 * Reads a question; what stands below its first line is read by whoever answers it.
 *
 * @throws NodeError `audit-question-malformed`
 */
export function decodeQuestion(bytes: Uint8Array): AuditQuestion {
  const end = bytes.subarray(0, FIRST_LINE_BYTES_MAX).indexOf(0x0a)
  const line = Buffer.from(bytes.subarray(0, Math.max(end, 0))).toString('latin1')
  const rest = bytes.subarray(end + 1)
  if (line === 'cosign') return { ask: 'cosign', request: rest }
  if (line === 'compare') return { ask: 'compare', checkpoint: textOf(rest) }
  const [, oldSize, size] = (rest.length === 0 ? HISTORY.exec(line) : undefined) ?? []
  if (oldSize === undefined || size === undefined) throw malformed('it asks for nothing known')
  const growth = { oldSize: Number(oldSize), size: Number(size) }
  if (growth.size > Number.MAX_SAFE_INTEGER || growth.oldSize > growth.size) {
    throw malformed('its sizes are none of one log')
  }
  return { ask: 'history', ...growth }
}

/** Writes the hashes of a history. */
export function encodeHashes(hashes: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(hashes)
}

/**
 * Reads the hashes of a history.
 *
 * @throws NodeError `audit-question-malformed`
 */
export function decodeHashes(bytes: Uint8Array): readonly Uint8Array[] {
  const count = bytes.length / HASH_BYTES
  if (!Number.isInteger(count) || count > HASHES_MAX) throw malformed('it is not made of hashes')
  return Array.from({ length: count }, (_, at) =>
    bytes.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES),
  )
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw malformed('it is not UTF-8', cause)
  }
}

function malformed(reason: string, cause?: unknown): NodeError {
  const message = `what a member says about an audit log is malformed: ${reason}`
  return new NodeError('audit-question-malformed', message, { cause })
}
