import type { Signer } from '@warren/crypto'
import { equals } from 'uint8arrays/equals'
import type { ProofSigner } from './add-proofs.ts'
import { type KeyUse, keysFor } from './did-document.ts'
import { IdentityError } from './identity-error.ts'
import type { ControlledIdentity, Identity } from './identity.ts'
import type { VerifiedLog } from './did-log.ts'
import { SUITE_OF_KEY } from './proof-suite.ts'

/** Some of the keys of a DID, beside its log: enough to sign what they are listed for. */
export interface KeyHolder {
  readonly log: VerifiedLog
  readonly signers: readonly Signer[]
}

/**
 * The signers that make a document complete for a use: one for every key that our DID document lists for it.
 *
 * @throws IdentityError `seeds-mismatch` when it lists a key that we do not hold
 */
export function proofSigners(
  identity: Identity | ControlledIdentity | KeyHolder,
  use: KeyUse,
): readonly ProofSigner[] {
  const signers = signersOf(identity)
  return keysFor(identity.log.document, use).map(({ id, type, bytes }) => {
    const signer = signers.find(({ publicKey }) => equals(publicKey, bytes))
    if (signer === undefined) {
      throw new IdentityError('seeds-mismatch', 'the document lists a key that is not at hand')
    }
    return { verificationMethod: id, purpose: use, signer, cryptosuite: SUITE_OF_KEY[type] }
  })
}

function signersOf(identity: Identity | ControlledIdentity | KeyHolder): readonly Signer[] {
  if ('signers' in identity) return identity.signers
  if (!('nodeSigner' in identity)) return [identity.assertionSigner]
  return [identity.nodeSigner, identity.assertionSigner, identity.mlDsaSigner]
}
