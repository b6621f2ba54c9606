import { canonicalJson, type JsonObject, type JsonValue } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { concat } from 'uint8arrays/concat'
import { utf8 } from './base-encoding.ts'
import type { KeyUse } from './did-document.ts'
import { IdentityError } from './identity-error.ts'
import { hasOnly, isObjectList } from './json-shape.ts'
import { type Cryptosuite, isCryptosuite, PROOF_SUITES } from './proof-suite.ts'

/** A W3C Data Integrity proof. Whatever it carries is signed, so a member that is not named here is refused. */
export type Proof = JsonObject & {
  readonly type: 'DataIntegrityProof'
  readonly cryptosuite: Cryptosuite
  /** `YYYY-MM-DDTHH:MM:SSZ`: a claim of the signer, no evidence of time. */
  readonly created: string
  readonly verificationMethod: string
  readonly proofPurpose: KeyUse
  readonly proofValue: string
  readonly challenge?: string
  readonly domain?: string
}

/** A document and the proofs over it; none covers another. */
export type SignedDocument = JsonObject & { readonly proof: readonly Proof[] }

/** Eight signers of two keys each, and as many again. */
const PROOFS_MAX = 32
const TEXT_LENGTH_MAX = 512
const MEMBERS: ReadonlySet<string> = new Set([
  '@context',
  'type',
  'cryptosuite',
  'created',
  'verificationMethod',
  'proofPurpose',
  'proofValue',
  'challenge',
  'domain',
])

/**
 * Reads the proofs of a document; one proof may stand alone instead of in a list.
 *
 * @throws IdentityError `proof-missing`, `proof-malformed`, `proof-unknown-suite`
 */
export function parseProofs(value: JsonValue | undefined): readonly Proof[] {
  if (value === undefined) throw new IdentityError('proof-missing', 'the document has no proof')
  const list = Array.isArray(value) ? value : [value]
  if (!isObjectList(list, PROOFS_MAX)) {
    throw malformed(`a document has a list of at most ${PROOFS_MAX} proofs`)
  }
  return list.map(parseProof)
}

/**
 * The bytes that a proof signs: SHA-256 of its configuration, then SHA-256 of the document (Data Integrity, JCS suites).
 *
 * `documentHash` is that of the canonical form of the document without its proofs.
 */
export function bytesToSign(input: {
  readonly suite: CryptoSuite
  readonly proof: JsonObject
  readonly cryptosuite: Cryptosuite
  readonly context: JsonValue | undefined
  readonly documentHash: Uint8Array
}): Uint8Array {
  const { suite, proof, cryptosuite, context, documentHash } = input
  const { proofValue: _value, ...configuration } = proof
  const addsContext = !PROOF_SUITES[cryptosuite].storesContext && context !== undefined
  const hashed = addsContext ? { ...configuration, '@context': context } : configuration
  return concat([suite.sha256(utf8(canonicalJson(hashed))), documentHash])
}

function parseProof(value: JsonObject): Proof {
  const { cryptosuite } = value
  if (typeof cryptosuite !== 'string' || !isCryptosuite(cryptosuite)) {
    // A suite that is skipped is a proof that is not checked.
    throw new IdentityError('proof-unknown-suite', 'a proof is of a suite that Warren does not use')
  }
  if (!isProof(value)) throw malformed('a proof has not the shape of a Data Integrity proof')
  return value
}

function isProof(value: JsonObject): value is Proof {
  const { type, created, verificationMethod, proofPurpose, proofValue, challenge, domain } = value
  return (
    hasOnly(value, MEMBERS) &&
    type === 'DataIntegrityProof' &&
    isShortText(created) &&
    isShortText(verificationMethod) &&
    (proofPurpose === 'assertionMethod' || proofPurpose === 'authentication') &&
    typeof proofValue === 'string' &&
    (challenge === undefined || isShortText(challenge)) &&
    (domain === undefined || isShortText(domain))
  )
}

function isShortText(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && value.length <= TEXT_LENGTH_MAX
}

function malformed(message: string): IdentityError {
  return new IdentityError('proof-malformed', message)
}
