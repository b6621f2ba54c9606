import type { JsonObject } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { addProofs } from './add-proofs.ts'
import { CREDENTIALS_CONTEXT, CREDENTIAL_TYPE, parseCredential } from './credential.ts'
import type { ControlledIdentity, Identity } from './identity.ts'
import type { SignedDocument } from './proof.ts'
import { type KeyHolder, proofSigners } from './proof-signers.ts'
import { formatTimestamp } from './timestamp.ts'

export interface IssueCredentialInput {
  readonly suite: CryptoSuite
  readonly issuer: Identity | ControlledIdentity | KeyHolder
  /** Milliseconds since 1970: when the proofs say that they were made. */
  readonly nowMs: number
  readonly claim: CredentialClaim
}

/** What a credential says. */
export interface CredentialClaim {
  /** A URI that no other credential has, `urn:uuid:…`. */
  readonly id: string
  /** Beside `VerifiableCredential`. */
  readonly type: string
  /** The JSON-LD context that defines the type and the members of the subject. */
  readonly context: string
  readonly subject: JsonObject
  /** Milliseconds since 1970, whole seconds: valid from this moment on. */
  readonly validFromMs: number
  /** Milliseconds since 1970, whole seconds: no longer valid from this moment on. */
  readonly validUntilMs: number
}

/**
 * Issues a W3C Verifiable Credential 2.0, signed with every assertion key of its issuer.
 *
 * @throws IdentityError `credential-malformed` when the claim could not be verified, `seeds-mismatch`
 */
export function issueCredential(input: IssueCredentialInput): SignedDocument {
  const { suite, issuer, nowMs, claim } = input
  const document = {
    '@context': [CREDENTIALS_CONTEXT, claim.context],
    id: claim.id,
    type: [CREDENTIAL_TYPE, claim.type],
    issuer: issuer.log.did,
    validFrom: formatTimestamp(claim.validFromMs),
    validUntil: formatTimestamp(claim.validUntilMs),
    credentialSubject: claim.subject,
  }
  parseCredential(document)
  const signers = proofSigners(issuer, 'assertionMethod')
  return addProofs({ suite, document, signers, createdMs: nowMs })
}
