import { type Checkpoint, NOTE_BYTES_MAX, parseCheckpoint } from '../note/checkpoint.ts'
import { formatHashLines, parseHashLines } from '../note/hash-lines.ts'
import { decodeText, noteMalformed, parseDecimal, utf8 } from '../note/note-text.ts'

/** What a log asks of a cosigner: to sign this, since it continues what the cosigner signed last. */
export interface AddCheckpoint {
  /** The size of what the cosigner signed last, 0 for nothing. */
  readonly oldSize: number
  readonly proof: readonly Uint8Array[]
  readonly checkpoint: Checkpoint
}

const PROOF_LINES_MAX = 63
const PROOF_LINE_BYTES = 45
const OLD_LINE_BYTES_MAX = 21

/** Bytes of the longest request. */
export const ADD_CHECKPOINT_BYTES_MAX: number =
  OLD_LINE_BYTES_MAX + PROOF_LINES_MAX * PROOF_LINE_BYTES + 1 + NOTE_BYTES_MAX

/**
 * Writes a request as C2SP tlog-witness does (`add-checkpoint`).
 *
 * @throws TlogError `hash-malformed`
 */
export function encodeAddCheckpoint(request: {
  readonly oldSize: number
  readonly proof: readonly Uint8Array[]
  readonly checkpoint: string
}): Uint8Array {
  const lines = formatHashLines(request.proof)
  return utf8(`old ${request.oldSize}\n${lines}\n${request.checkpoint}`)
}

/**
 * Reads a request. One that is malformed is answered with 400.
 *
 * @throws TlogError `note-too-long`, `note-malformed`, and as `parseCheckpoint` does
 */
export function decodeAddCheckpoint(bytes: Uint8Array): AddCheckpoint {
  const text = decodeText(bytes, ADD_CHECKPOINT_BYTES_MAX)
  const end = text.indexOf('\n\n')
  if (end === -1) throw noteMalformed('no empty line stands in front of the checkpoint')
  const [old = '', ...hashes] = text.slice(0, end).split('\n', PROOF_LINES_MAX + 2)
  const oldSize = old.startsWith('old ') ? parseDecimal(old.slice('old '.length)) : undefined
  if (oldSize === undefined) throw noteMalformed('the request does not begin with the old size')
  if (hashes.length > PROOF_LINES_MAX) {
    throw noteMalformed(`a proof has at most ${PROOF_LINES_MAX} hashes`)
  }
  return {
    oldSize,
    proof: parseHashLines(hashes),
    checkpoint: parseCheckpoint(text.slice(end + 2)),
  }
}
