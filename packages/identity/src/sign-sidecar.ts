import { canonicalJson } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { addProofs } from './add-proofs.ts'
import type { VerifiedLog } from './did-log.ts'
import type { Identity } from './identity.ts'
import { proofSigners } from './proof-signers.ts'
import { coveredEntries, parseSidecar } from './sidecar.ts'
import { verifySidecar } from './verify-sidecar.ts'

export interface SignSidecarInput {
  readonly suite: CryptoSuite
  /** The log with its newest entry. */
  readonly log: VerifiedLog
  /** The identity as it was before that entry; for a first entry, the new identity. */
  readonly signer: Identity
  /** The sidecar as it was before that entry; absent for a first entry. */
  readonly previous?: string
  /** Milliseconds since 1970. */
  readonly nowMs: number
}

/**
 * Writes the post-quantum sidecar of a log: vouches for its newest entry and drops what nobody needs any more.
 * The result is verified like that of a stranger.
 *
 * @throws IdentityError `sidecar-incomplete` when an earlier change of keys has no proof in the previous sidecar
 */
export function signSidecar(input: SignSidecarInput): string {
  const { suite, log, signer, previous = '[]', nowMs } = input
  const newest = addProofs({
    suite,
    document: { versionId: log.head },
    createdMs: nowMs,
    signers: proofSigners(signer, 'assertionMethod').filter(
      ({ cryptosuite }) => cryptosuite === 'mldsa44-jcs-2024',
    ),
  })
  const needed = new Set(coveredEntries(log).map(({ versionId }) => versionId))
  const kept = parseSidecar(previous).filter(
    ({ versionId }) => versionId !== log.head && needed.has(versionId),
  )
  const text = canonicalJson([...kept, newest])
  verifySidecar({ suite, log, text })
  return text
}
