import { canonicalJson } from '@warren/core'
import { type Identity, noteIdentity, noteName } from '@warren/identity'
import { adminSigner, writeAuditFork } from '@warren/membership'
import { type Evidence, findEvidence, parseCheckpoint, signCheckpoint } from '@warren/tlog'
import { NOW_MS, suite, type TestMesh } from './builders.ts'

export interface ForkWish {
  /** Whose log it is said to be; that of the one who signed by default. */
  readonly of?: Identity
  /** The key log that is shown; that of the one who signed by default. */
  readonly keyLog?: string
  readonly size?: number
  readonly evidence?: Evidence
}

/** Two checkpoints of one size with different roots, signed by somebody. */
export function twoRoots(by: Identity, size = 7): Evidence {
  const { ed25519, mlDsa44 } = adminSigner(by)
  const signers = { ed25519, mlDsa44 }
  const checkpoint = (root: number): ReturnType<typeof parseCheckpoint> =>
    parseCheckpoint(
      signCheckpoint({
        suite,
        origin: noteName(by.did),
        size,
        root: new Uint8Array(32).fill(root),
        timeSeconds: Math.floor(NOW_MS / 1000),
        signers,
      }),
    )
  const checkpoints = [checkpoint(1), checkpoint(2)] as const
  const evidence = findEvidence({ suite, log: noteIdentity(by.log), checkpoints })
  if (evidence === undefined) throw new Error('two roots are evidence')
  return evidence
}

/** The record that the audit log of somebody was forked. */
export function auditFork(mesh: TestMesh, by: Identity, wish: ForkWish = {}): string {
  const { of = by, keyLog = by.log.text, evidence = twoRoots(by, wish.size) } = wish
  return canonicalJson(writeAuditFork(mesh.charter.meshId, { did: of.did, keyLog, evidence }))
}
