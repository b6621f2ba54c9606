import type { CryptoSuite } from '@warren/crypto'
import type { VerifiedLog } from './did-log.ts'
import { IdentityError } from './identity-error.ts'
import { coveredEntries, parseSidecar } from './sidecar.ts'
import { verifyProofs } from './verify-proofs.ts'

/**
 * Checks that ML-DSA-44 vouches for a log too: for its newest entry and for every change of the ML-DSA-44 key, with
 * the key of the entry before.
 *
 * @throws IdentityError `sidecar-malformed`, `sidecar-incomplete`, `sidecar-foreign`, and those of `verifyProofs`;
 * `proof-missing` for a log that has no ML-DSA-44 key
 */
export function verifySidecar(input: {
  readonly suite: CryptoSuite
  readonly log: VerifiedLog
  /** Canonical JSON, from anybody. */
  readonly text: string
}): void {
  const { suite, log, text } = input
  const elements = parseSidecar(text)
  const covered = coveredEntries(log)
  for (const { versionId, required } of covered) {
    const element = elements.find((candidate) => candidate.versionId === versionId)
    if (element === undefined) {
      throw new IdentityError('sidecar-incomplete', 'the sidecar lacks an entry of the log')
    }
    verifyProofs({ suite, document: element, required, purpose: 'assertionMethod' })
  }
  if (elements.length > covered.length) {
    throw new IdentityError('sidecar-foreign', 'the sidecar has an entry that needs no proof')
  }
}
