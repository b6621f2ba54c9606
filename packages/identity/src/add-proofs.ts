import { canonicalJson, type JsonObject } from '@warren/core'
import type { CryptoSuite, Signer } from '@warren/crypto'
import { utf8 } from './base-encoding.ts'
import { withoutProof } from './content-id.ts'
import type { KeyUse } from './did-document.ts'
import { bytesToSign, parseProofs, type Proof, type SignedDocument } from './proof.ts'
import { type Cryptosuite, PROOF_SUITES } from './proof-suite.ts'
import { formatTimestamp } from './timestamp.ts'

/** A key that signs, under the name that verifiers know it by. */
export interface ProofSigner {
  /** `<DID>#<fragment>`. */
  readonly verificationMethod: string
  readonly purpose: KeyUse
  readonly signer: Signer
  readonly cryptosuite: Cryptosuite
}

export interface AddProofsInput {
  readonly suite: CryptoSuite
  /** May carry proofs already; they stay. */
  readonly document: JsonObject
  readonly signers: readonly ProofSigner[]
  /** Milliseconds since 1970; written in whole seconds. */
  readonly createdMs: number
  /** What the verifier asked to see signed, for the purpose `authentication`. */
  readonly challenge?: string
  /** Whom the proof is meant for. */
  readonly domain?: string
}

/**
 * Signs a document with every key given: a Data Integrity proof set.
 *
 * @throws IdentityError when the document carries malformed proofs, JsonError when it has no canonical form,
 * CryptoError `key-wiped`
 */
export function addProofs(input: AddProofsInput): SignedDocument {
  const { suite, document, signers } = input
  const existing = document['proof'] === undefined ? [] : parseProofs(document['proof'])
  const unsigned = withoutProof(document)
  const documentHash = suite.sha256(utf8(canonicalJson(unsigned)))
  const added = signers.map((signer) => createProof(input, { signer, documentHash }))
  return { ...unsigned, proof: [...existing, ...added] }
}

function createProof(
  input: AddProofsInput,
  { signer, documentHash }: { readonly signer: ProofSigner; readonly documentHash: Uint8Array },
): Proof {
  const { suite, document, createdMs, challenge, domain } = input
  const { cryptosuite } = signer
  const row = PROOF_SUITES[cryptosuite]
  const context = document['@context']
  const configuration = {
    type: 'DataIntegrityProof',
    cryptosuite,
    created: formatTimestamp(createdMs),
    verificationMethod: signer.verificationMethod,
    proofPurpose: signer.purpose,
    ...(challenge === undefined ? {} : { challenge }),
    ...(domain === undefined ? {} : { domain }),
    ...(row.storesContext && context !== undefined ? { '@context': context } : {}),
  } as const
  const message = bytesToSign({ suite, proof: configuration, cryptosuite, context, documentHash })
  return { ...configuration, proofValue: row.encodeProofValue(signer.signer.sign(message)) }
}
