import { type DidDocument, type KeyUse, keysFor } from './did-document.ts'
import type { KeyType } from './multikey.ts'
import { SUITE_OF_KEY } from './proof-suite.ts'
import type { RequiredProof } from './verify-proofs.ts'

/** The public keys of one use, by algorithm. */
export interface DocumentKeys {
  /** 32 bytes each. */
  readonly ed25519: readonly Uint8Array[]
  /** 1312 bytes each. */
  readonly mlDsa44: readonly Uint8Array[]
}

/** The keys that may authenticate the DID; its Ed25519 keys are its libp2p identities. */
export function authenticationKeys(document: DidDocument): DocumentKeys {
  return keysByType(document, 'authentication')
}

/** The keys that sign what the DID asserts; a document of its own needs a proof of each. */
export function assertionKeys(document: DidDocument): DocumentKeys {
  return keysByType(document, 'assertionMethod')
}

/** The proofs that a record of this DID must carry: one for every key of that use. */
export function requiredProofs(document: DidDocument, use: KeyUse): readonly RequiredProof[] {
  return keysFor(document, use).map(({ id, type, bytes }) => ({
    verificationMethod: id,
    publicKey: bytes,
    cryptosuite: SUITE_OF_KEY[type],
  }))
}

function keysByType(document: DidDocument, use: KeyUse): DocumentKeys {
  const keys = keysFor(document, use)
  const ofType = (wanted: KeyType): readonly Uint8Array[] =>
    keys.filter(({ type }) => type === wanted).map(({ bytes }) => bytes)
  return { ed25519: ofType('ed25519'), mlDsa44: ofType('mldsa44') }
}
