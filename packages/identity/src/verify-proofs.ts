import { canonicalJson, type JsonObject, type JsonValue } from '@warren/core'
import { CryptoError, type CryptoSuite } from '@warren/crypto'
import { utf8 } from './base-encoding.ts'
import { withoutProof } from './content-id.ts'
import type { KeyUse } from './did-document.ts'
import { IdentityError } from './identity-error.ts'
import { isUnique } from './json-shape.ts'
import { bytesToSign, parseProofs, type Proof } from './proof.ts'
import { type Cryptosuite, PROOF_SUITES } from './proof-suite.ts'
import { parseTimestamp } from './timestamp.ts'

/** A proof that must be there. */
export interface RequiredProof {
  /** `<DID>#<fragment>`. */
  readonly verificationMethod: string
  readonly publicKey: Uint8Array
  readonly cryptosuite: Cryptosuite
}

export interface VerifyProofsInput {
  readonly suite: CryptoSuite
  readonly document: JsonObject
  /** Every one of these, and no other. */
  readonly required: readonly RequiredProof[]
  readonly purpose: KeyUse
  /** What every proof must carry; when absent, no proof may carry one. */
  readonly challenge?: string
  readonly domain?: string
}

/**
 * Checks that a document carries exactly the proofs required of it, each of them valid.
 *
 * Nothing is skipped: a missing proof, one of an unknown suite and one of an unknown key refuse the document, so no
 * half of a hybrid signature can be stripped.
 *
 * @throws IdentityError `proof-missing`, `proof-malformed`, `proof-unknown-suite`, `proof-unexpected`, `proof-invalid`;
 * JsonError when the document has no canonical form
 */
export function verifyProofs(input: VerifyProofsInput): void {
  const { suite, document, required } = input
  const proofs = parseProofs(document['proof'])
  const pairs = pair(proofs, required)
  for (const { proof } of pairs) checkTerms(proof, input)
  const documentHash = suite.sha256(utf8(canonicalJson(withoutProof(document))))
  // All signatures last: everything before is cheap.
  for (const { proof, requirement } of pairs) {
    checkSignature(proof, { suite, requirement, documentHash, context: document['@context'] })
  }
}

interface ProofPair {
  readonly proof: Proof
  readonly requirement: RequiredProof
}

function pair(proofs: readonly Proof[], required: readonly RequiredProof[]): readonly ProofPair[] {
  const present = proofs.map(({ verificationMethod }) => verificationMethod)
  // With nothing required, everything would pass.
  if (
    required.length === 0 ||
    required.some((each) => !present.includes(each.verificationMethod))
  ) {
    throw new IdentityError('proof-missing', 'a required proof is missing')
  }
  if (!isUnique(present)) throw unexpected('two proofs are of one key')
  return proofs.map((proof) => {
    const requirement = required.find(
      ({ verificationMethod, cryptosuite }) =>
        verificationMethod === proof.verificationMethod && cryptosuite === proof.cryptosuite,
    )
    if (requirement === undefined) {
      throw unexpected('a proof is of a key that is not required, or of another suite than its key')
    }
    return { proof, requirement }
  })
}

/** Everything that a proof says in the clear. */
function checkTerms(proof: Proof, input: VerifyProofsInput): void {
  const { purpose, challenge, domain, document } = input
  if (proof.proofPurpose !== purpose) throw unexpected('a proof has another purpose')
  if (proof.challenge !== challenge || proof.domain !== domain) {
    throw unexpected('a proof answers another challenge, or is meant for another verifier')
  }
  parseTimestamp(proof.created)
  const stored = PROOF_SUITES[proof.cryptosuite].storesContext ? document['@context'] : undefined
  if (!isSameContext(proof['@context'], stored)) {
    throw new IdentityError('proof-malformed', 'a proof has another context than its document')
  }
}

function isSameContext(left: JsonValue | undefined, right: JsonValue | undefined): boolean {
  if (left === undefined || right === undefined) return left === right
  return canonicalJson(left) === canonicalJson(right)
}

function checkSignature(
  proof: Proof,
  terms: {
    readonly suite: CryptoSuite
    readonly requirement: RequiredProof
    readonly documentHash: Uint8Array
    readonly context: JsonValue | undefined
  },
): void {
  const { suite, requirement, documentHash, context } = terms
  const { cryptosuite } = proof
  const { decodeProofValue, verifier } = PROOF_SUITES[cryptosuite]
  const signature = decodeProofValue(proof.proofValue)
  if (signature === undefined) {
    throw new IdentityError('proof-malformed', 'a proof value is no signature of its suite')
  }
  const message = bytesToSign({ suite, proof, cryptosuite, context, documentHash })
  const { publicKey } = requirement
  if (!isSignedBy(verifier(suite), { publicKey, message, signature })) {
    throw new IdentityError('proof-invalid', 'a signature does not fit the document and its key')
  }
}

function isSignedBy(
  verifier: CryptoSuite['ed25519' | 'mlDsa44'],
  input: Parameters<typeof verifier.verify>[0],
): boolean {
  try {
    return verifier.verify(input)
  } catch (error) {
    // A key of the right length can still be no point of the curve; then nothing is signed by it.
    if (error instanceof CryptoError) return false
    throw error
  }
}

function unexpected(message: string): IdentityError {
  return new IdentityError('proof-unexpected', message)
}
