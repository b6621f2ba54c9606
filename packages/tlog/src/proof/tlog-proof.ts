import type { CryptoSuite } from '@warren/crypto'
import { decodeBase64, encodeBase64 } from '../note/base64.ts'
import {
  type Checkpoint,
  formatCheckpoint,
  NOTE_BYTES_MAX,
  parseCheckpoint,
} from '../note/checkpoint.ts'
import { formatHashLines, parseHashLines } from '../note/hash-lines.ts'
import { noteMalformed, parseDecimal, requireText } from '../note/note-text.ts'
import { applyPolicy, type TrustedHead, type TrustPolicy } from '../policy/trust-policy.ts'
import { verifyInclusion } from '../tree/inclusion-proof.ts'
import { leafHash } from '../tree/node-hash.ts'
import { requireSize } from '../tree/subtree-address.ts'

/** That an entry stands in a log, for somebody who is offline (C2SP tlog-proof); stored as `.tlog-proof`. */
export interface TlogProof {
  readonly index: number
  readonly hashes: readonly Uint8Array[]
  readonly checkpoint: Checkpoint
  /** Anything. Nothing vouches for it. */
  readonly extra?: Uint8Array
}

export interface VerifyProofInput {
  readonly suite: CryptoSuite
  readonly proof: TlogProof
  /** The entry as it was logged, byte for byte. */
  readonly entry: Uint8Array
  readonly policy: TrustPolicy
}

const FIRST_LINE = 'c2sp.org/tlog-proof@v1'
const HASHES_MAX = 63
const EXTRA_BYTES_MAX = 65_536
/** Bytes of the longest proof: the extra line in base64, the hashes, the checkpoint, and the short lines. */
const PROOF_BYTES_MAX = 2 * EXTRA_BYTES_MAX + HASHES_MAX * 45 + NOTE_BYTES_MAX

/**
 * Writes a proof.
 *
 * @throws TlogError `size-malformed`, `hash-malformed`, `note-malformed`, `note-too-long`
 */
export function formatProof({ index, hashes, checkpoint, extra }: TlogProof): string {
  requireSize(index)
  if ((extra?.length ?? 0) > EXTRA_BYTES_MAX) {
    throw noteMalformed(`the extra line of a proof has at most ${EXTRA_BYTES_MAX} bytes`)
  }
  const extraLine = extra === undefined ? '' : `extra ${encodeBase64(extra)}\n`
  return `${FIRST_LINE}\n${extraLine}index ${index}\n${formatHashLines(hashes)}\n${formatCheckpoint(checkpoint)}`
}

/**
 * Reads a proof.
 *
 * @throws TlogError `note-too-long`, `note-malformed`, and as `parseCheckpoint` does
 */
export function parseProof(text: string): TlogProof {
  requireText(text, PROOF_BYTES_MAX)
  const end = text.indexOf('\n\n')
  if (end === -1) throw noteMalformed('no empty line stands in front of the checkpoint')
  const [first, ...rest] = text.slice(0, end).split('\n', HASHES_MAX + 4)
  if (first !== FIRST_LINE) throw noteMalformed(`a proof begins with ${FIRST_LINE}`)
  const extraText = valueOf('extra', rest[0])
  const [indexLine, ...hashes] = extraText === undefined ? rest : rest.slice(1)
  const index = parseDecimal(valueOf('index', indexLine) ?? '')
  if (index === undefined) throw noteMalformed('a proof has the index of its entry')
  if (hashes.length > HASHES_MAX) throw noteMalformed(`a proof has at most ${HASHES_MAX} hashes`)
  const checkpoint = parseCheckpoint(text.slice(end + 2))
  const proof = { index, hashes: parseHashLines(hashes), checkpoint }
  return extraText === undefined ? proof : { ...proof, extra: parseExtra(extraText) }
}

/**
 * Checks that the entry stands at that index of a log that the policy believes, by the word of the log and of its quorum.
 *
 * @throws TlogError as `applyPolicy` and `verifyInclusion` do
 */
export function verifyProof({ suite, proof, entry, policy }: VerifyProofInput): TrustedHead {
  const { index, hashes, checkpoint } = proof
  const { size, root } = checkpoint
  // The cheap half first; it shows nothing until the checkpoint is verified as well.
  verifyInclusion(suite, hashes, { leaf: leafHash(suite, entry), index, size, root })
  return applyPolicy({ suite, policy, checkpoint })
}

function valueOf(keyword: string, line: string | undefined): string | undefined {
  return line?.startsWith(`${keyword} `) ? line.slice(keyword.length + 1) : undefined
}

function parseExtra(text: string): Uint8Array {
  const extra = decodeBase64(text)
  if (extra === undefined || extra.length > EXTRA_BYTES_MAX) {
    throw noteMalformed('the extra line is not base64, or too long')
  }
  return extra
}
