import { nodeSuite as suite } from '@warren/crypto/node-suite'
import { noteIdentity } from '@warren/identity'
import {
  type Checkpoint,
  type Cosignature,
  type KnownSigner,
  parseCheckpoint,
  TlogError,
  type TlogErrorCode,
  verifyCheckpoint,
  verifyCosignatures,
} from '@warren/tlog'
import type { AuditSources } from './audit-sources.ts'

/** A checkpoint that the node has signed, and whose cosignatures of known cosigners hold. */
export interface CosignedHead {
  readonly note: string
  readonly checkpoint: Checkpoint
  readonly timeSeconds: number
  readonly cosignatures: readonly Cosignature[]
}

/** A checkpoint that counts for nothing, and why. */
export interface RefusedHead {
  readonly note: string
  readonly reason: string
}

/** A cosigner that does not count under some checkpoint, and why; what others have signed there stands. */
export interface LeftOutCosigner {
  readonly name: string
  readonly reason: string
}

/** Whose notes they are, and who may have cosigned them. */
export interface NoteSigners {
  readonly log: KnownSigner
  readonly cosigners: readonly KnownSigner[]
}

/** What came of verifying checkpoints. */
export interface VerifiedHeads {
  readonly heads: readonly CosignedHead[]
  readonly refused: readonly RefusedHead[]
  /** Each cosigner and reason once. */
  readonly leftOut: readonly LeftOutCosigner[]
}

interface Signed {
  readonly signature: Cosignature
  /** The name under which and the keys with which it was signed. */
  readonly marks: readonly string[]
}

/** What a cosigner can bring about alone, by its key log and its lines: it must not make the note wrong for the others. */
const OWN_FAULTS: ReadonlySet<TlogErrorCode> = new Set([
  'cosigner-not-distinct',
  'key-malformed',
  'time-malformed',
])
const SHARED = 'it has signed with a key with which another cosigner has signed as well'

/** The signers that sources name. */
export function signersOf({ log, cosigners }: AuditSources): NoteSigners {
  const own = noteIdentity(log)
  const others = cosigners.map(noteIdentity).filter(({ name }) => name !== own.name)
  return { log: own, cosigners: others }
}

/** Verifies checkpoints that came from anywhere. */
export function verifyHeads(notes: readonly string[], signers: NoteSigners): VerifiedHeads {
  const heads: CosignedHead[] = []
  const refused: RefusedHead[] = []
  const leftOut = new Map<string, LeftOutCosigner>()
  for (const note of notes) {
    try {
      const checkpoint = parseCheckpoint(note)
      const { timeSeconds } = verifyCheckpoint({ suite, checkpoint, log: signers.log })
      const counted = countCosigners(checkpoint, signers)
      heads.push({ note, checkpoint, timeSeconds, cosignatures: counted.cosignatures })
      for (const each of counted.leftOut) leftOut.set(`${each.name} ${each.reason}`, each)
    } catch (error) {
      if (!(error instanceof TlogError)) throw error
      refused.push({ note, reason: error.message })
    }
  }
  return { heads, refused, leftOut: [...leftOut.values()] }
}

/**
 * Counts each cosigner by itself. A key log shows no possession of the keys in it, so any member can list those of another:
 * what counts is with which keys somebody has signed, and no two may have signed with one.
 */
function countCosigners(
  checkpoint: Checkpoint,
  { log, cosigners }: NoteSigners,
): { readonly cosignatures: readonly Cosignature[]; readonly leftOut: readonly LeftOutCosigner[] } {
  const leftOut: LeftOutCosigner[] = []
  // A directory can hold a thousand key logs, and a note has lines of a few.
  const names = new Set(checkpoint.lines.map(({ name }) => name))
  const present = cosigners.filter(({ name }) => names.has(name))
  const signed = present.flatMap((signer): readonly Signed[] => {
    try {
      const cosignatures = verifyCosignatures({ suite, checkpoint, log, cosigners: [signer] })
      return cosignatures.map((signature) => {
        return { signature, marks: marksOf(signer, signature) }
      })
    } catch (error) {
      if (!(error instanceof TlogError) || !OWN_FAULTS.has(error.code)) throw error
      leftOut.push({ name: signer.name, reason: error.message })
      return []
    }
  })
  const cosignatures = signed.flatMap((each) => {
    const { signature, marks } = each
    const isShared = signed.some(
      (other) => other !== each && marks.some((mark) => other.marks.includes(mark)),
    )
    if (!isShared) return [signature]
    leftOut.push({ name: signature.name, reason: SHARED })
    return []
  })
  return { cosignatures, leftOut }
}

function marksOf(signer: KnownSigner, signature: Cosignature): readonly string[] {
  const keys = signer.keys[signature.keysIndex]
  const used = keys === undefined ? [] : [keys.ed25519, keys.mlDsa44]
  return [signer.name, ...used.map((key) => Buffer.from(key).toString('hex'))]
}
