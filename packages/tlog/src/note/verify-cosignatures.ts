import { toString } from 'uint8arrays/to-string'
import { TlogError } from '../tlog-error.ts'
import { formatCheckpoint, SIGNATURE_LINES_MAX } from './checkpoint.ts'
import type { KnownSigner } from './hybrid-keys.ts'
import { parseSignatureLines } from './signature-line.ts'
import type { VerifyCheckpointInput } from './verify-checkpoint.ts'
import { type HybridSignature, LINES_OF_PAIR, verifyLines } from './verify-lines.ts'

/** That a cosigner has signed with both keys, and when. */
export interface Cosignature extends HybridSignature {
  readonly name: string
}

export interface VerifyCosignaturesInput extends VerifyCheckpointInput {
  /** Whom the caller counts on. Lines of others are passed over. */
  readonly cosigners: readonly KnownSigner[]
}

export interface AddCosignatureInput extends VerifyCheckpointInput {
  readonly cosigner: KnownSigner
  /** The lines that the cosigner answered with. */
  readonly lines: string
}

/**
 * Which cosigners have signed a checkpoint, each with both keys of a pair. Whether the log has signed it is for
 * `verifyCheckpoint` to say; the log itself never counts, also where it is listed.
 *
 * @throws TlogError `cosigner-not-distinct`, `key-malformed`, `signature-twice`, `signature-wrong`, `time-malformed`
 */
export function verifyCosignatures(input: VerifyCosignaturesInput): readonly Cosignature[] {
  const { suite, checkpoint, log } = input
  const cosigners = input.cosigners.filter(({ name }) => name !== log.name)
  requireDistinct([log, ...cosigners])
  return cosigners.flatMap((signer) => {
    const signature = verifyLines({ suite, checkpoint, signer, part: 'cosigner' })
    return signature === undefined ? [] : [{ name: signer.name, ...signature }]
  })
}

/**
 * The checkpoint with the lines of a cosigner, in place of any that it had of that name.
 *
 * @throws TlogError `signature-missing` when the answer is not both lines of that cosigner; as `verifyCosignatures` does;
 * as `formatCheckpoint` does when there is no room
 */
export function addCosignature(input: AddCosignatureInput): string {
  const { suite, log, cosigner, checkpoint } = input
  const answered = parseSignatureLines(input.lines, SIGNATURE_LINES_MAX)
  const own = answered.filter(({ name }) => name === cosigner.name)
  const others = checkpoint.lines.filter(({ name }) => name !== cosigner.name)
  const cosigned = { ...checkpoint, lines: [...others, ...own] }
  const [signature] = verifyCosignatures({
    suite,
    checkpoint: cosigned,
    log,
    cosigners: [cosigner],
  })
  if (own.length !== LINES_OF_PAIR || signature === undefined) {
    throw new TlogError('signature-missing', 'the cosigner has not signed with both of its keys')
  }
  return formatCheckpoint(cosigned)
}

/** The name and the keys of a signer, which never change: whoever lists hundreds of keys must not make every note cost as many. */
const MARKS = new WeakMap<KnownSigner, ReadonlySet<string>>()

/**
 * Refuses two signers with one name, or with one key: an Ed25519 cosignature does not say whose it is, so that one could
 * stand for both.
 *
 * @throws TlogError `cosigner-not-distinct`
 */
export function requireDistinct(signers: readonly KnownSigner[]): void {
  // The one with the most keys is looked into, and not gone through.
  const [most = new Set<string>(), ...others] = signers
    .map(marksOf)
    .toSorted((one, other) => other.size - one.size)
  const taken = new Set<string>()
  for (const marks of others) {
    for (const mark of marks) {
      if (most.has(mark) || taken.has(mark)) {
        throw new TlogError('cosigner-not-distinct', 'two signers have a name or a key in common')
      }
      taken.add(mark)
    }
  }
}

function marksOf(signer: KnownSigner): ReadonlySet<string> {
  const known = MARKS.get(signer)
  if (known !== undefined) return known
  const own = new Set(signer.keys.flatMap(({ ed25519, mlDsa44 }) => [ed25519, mlDsa44]))
  const marks = new Set([`name ${signer.name}`, ...[...own].map((key) => toString(key, 'hex'))])
  MARKS.set(signer, marks)
  return marks
}
