import { nodeSuite as suite } from '@warren/crypto/node-suite'
import { noteIdentity } from '@warren/identity'
import {
  type Checkpoint,
  type Cosignature,
  type KnownSigner,
  parseCheckpoint,
  TlogError,
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

/** Whose notes they are, and who may have cosigned them. */
export interface NoteSigners {
  readonly log: KnownSigner
  readonly cosigners: readonly KnownSigner[]
}

/** The signers that sources name. */
export function signersOf({ log, cosigners }: AuditSources): NoteSigners {
  const own = noteIdentity(log)
  const others = cosigners.map(noteIdentity).filter(({ name }) => name !== own.name)
  return { log: own, cosigners: others }
}

/** Verifies checkpoints that came from anywhere. */
export function verifyHeads(
  notes: readonly string[],
  signers: NoteSigners,
): { readonly heads: readonly CosignedHead[]; readonly refused: readonly RefusedHead[] } {
  const heads: CosignedHead[] = []
  const refused: RefusedHead[] = []
  for (const note of notes) {
    try {
      const checkpoint = parseCheckpoint(note)
      const { timeSeconds } = verifyCheckpoint({ suite, checkpoint, log: signers.log })
      const cosignatures = verifyCosignatures({ suite, checkpoint, ...signers })
      heads.push({ note, checkpoint, timeSeconds, cosignatures })
    } catch (error) {
      if (!(error instanceof TlogError)) throw error
      refused.push({ note, reason: error.message })
    }
  }
  return { heads, refused }
}
