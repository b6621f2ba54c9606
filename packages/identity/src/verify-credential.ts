import type { JsonObject } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { type Credential, parseCredential } from './credential.ts'
import { scidOf } from './did.ts'
import type { VerifiedLog } from './did-log.ts'
import { requiredProofs } from './document-keys.ts'
import { IdentityError } from './identity-error.ts'
import { verifyProofs } from './verify-proofs.ts'

export interface VerifyCredentialInput {
  readonly suite: CryptoSuite
  /** Parsed with limits of size and depth. */
  readonly document: JsonObject
  /** The newest known log of the issuer: what it lists now is what counts. */
  readonly issuer: VerifiedLog
  /** Milliseconds since 1970. */
  readonly nowMs: number
}

/**
 * Checks that an issuer signed a credential with all of its assertion keys, and that it is valid now.
 *
 * The current document of the issuer decides: what a key signed that it has dropped since is void.
 *
 * @throws IdentityError `credential-malformed`, `credential-foreign-issuer`, `credential-not-yet-valid`,
 * `credential-expired`, `log-deactivated`, and those of `verifyProofs`
 */
export function verifyCredential(input: VerifyCredentialInput): Credential {
  const { suite, document, issuer, nowMs } = input
  const credential = parseCredential(document)
  if (scidOf(credential.issuer) !== issuer.scid) {
    throw new IdentityError('credential-foreign-issuer', 'the credential is of another issuer')
  }
  if (issuer.deactivated) {
    throw new IdentityError('log-deactivated', 'the issuer has given its DID up')
  }
  if (nowMs < credential.validFromMs) {
    throw new IdentityError('credential-not-yet-valid', 'the credential is not valid yet')
  }
  if (nowMs >= credential.validUntilMs) {
    throw new IdentityError('credential-expired', 'the credential is not valid any more')
  }
  const required = requiredProofs(issuer.document, 'assertionMethod')
  verifyProofs({ suite, document, required, purpose: 'assertionMethod' })
  return credential
}
