import type { JsonObject } from '@warren/core'
import { type Did, scidPartOf } from './did.ts'
import { encodeMultikey, type KeyType } from './multikey.ts'

/** A key of a document that is being written. */
export interface DocumentKey {
  /** Letter of what the key is for, then a number that grows when the key is replaced: `p1`, `a1`, `q1`. */
  readonly fragment: string
  readonly type: KeyType
  readonly publicKey: Uint8Array
}

export interface DocumentInit {
  readonly did: Did
  /** Answers for the DID; nodes answer for themselves. */
  readonly controller?: Did
  /** `#p*`, Ed25519: the libp2p identity, newest first. */
  readonly nodeKeys: readonly DocumentKey[]
  /** `#a*`, Ed25519: signs what the DID asserts. */
  readonly assertionKey: DocumentKey
  /** `#q*`, ML-DSA-44: authenticates and signs beside the others. */
  readonly mlDsaKey?: DocumentKey
}

const CONTEXT = ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'] as const

/** Writes a lean document: no key and no use of a key that nothing needs. */
export function buildDocument(init: DocumentInit): JsonObject {
  const { did, controller, nodeKeys, assertionKey, mlDsaKey } = init
  const hybrid = mlDsaKey === undefined ? [] : [mlDsaKey]
  const idOf = ({ fragment }: DocumentKey): string => `${did}#${fragment}`
  const authentication = [...nodeKeys, ...hybrid].map(idOf)
  return {
    '@context': CONTEXT,
    id: did,
    ...(controller === undefined ? {} : { controller }),
    alsoKnownAs: [`did:scid:vh:1:${scidPartOf(did)}`],
    verificationMethod: [...nodeKeys, assertionKey, ...hybrid].map((key) => ({
      id: idOf(key),
      type: 'Multikey',
      controller: did,
      publicKeyMultibase: encodeMultikey({ type: key.type, bytes: key.publicKey }),
    })),
    ...(nodeKeys.length === 0 ? {} : { authentication }),
    assertionMethod: [assertionKey, ...hybrid].map(idOf),
  }
}
