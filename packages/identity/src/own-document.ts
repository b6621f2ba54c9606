import type { JsonObject } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { buildDocument, type DocumentKey } from './build-document.ts'
import type { Did } from './did.ts'
import { type DidDocument, keysFor } from './did-document.ts'
import type { ControlledSeeds, IdentitySeeds } from './identity-seeds.ts'
import { encodeMultikey } from './multikey.ts'
import { publicKeyOfSeed } from './seed-keys.ts'

export interface OwnDocumentInput<Seeds> {
  readonly suite: CryptoSuite
  readonly seeds: Seeds
  /** The document that this one replaces: keys that stay keep their names, and no name is used for another key. */
  readonly previous?: DidDocument
}

export interface NodeDocumentInput extends OwnDocumentInput<IdentitySeeds> {
  /** Whether the node keys of the previous document stay listed behind the present one. */
  readonly keepNodeKeys?: boolean
}

/** The document of a node with these seeds, for any DID: `#p*` node key, `#a*` assertion, `#q*` ML-DSA-44. */
export function nodeDocument(input: NodeDocumentInput): (did: Did) => JsonObject {
  const { suite, seeds, previous, keepNodeKeys = false } = input
  const nodeKey = nameKey('p', { type: 'ed25519', seed: seeds.node }, input)
  const kept = keepNodeKeys && previous !== undefined ? nodeKeysOf(previous) : []
  const others = kept.filter(({ fragment }) => fragment !== nodeKey.fragment)
  const assertionKey = nameKey('a', { type: 'ed25519', seed: seeds.assertion }, { suite, previous })
  const mlDsaKey = nameKey('q', { type: 'mldsa44', seed: seeds.mlDsa }, { suite, previous })
  return (did) => buildDocument({ did, nodeKeys: [nodeKey, ...others], assertionKey, mlDsaKey })
}

/** The document of a tool or agent with these seeds, for any DID: one `#a*` and who answers for it. */
export function controlledDocument(
  input: OwnDocumentInput<ControlledSeeds> & { readonly controller: Did },
): (did: Did) => JsonObject {
  const { controller, seeds } = input
  const assertionKey = nameKey('a', { type: 'ed25519', seed: seeds.assertion }, input)
  return (did) => buildDocument({ did, controller, nodeKeys: [], assertionKey })
}

function nodeKeysOf(document: DidDocument): readonly DocumentKey[] {
  return keysFor(document, 'authentication')
    .filter(({ type }) => type === 'ed25519')
    .map(({ id, type, bytes }) => ({ fragment: fragmentOf(id), type, publicKey: bytes }))
}

/** Names a key as the previous document did, or with the next number of its letter. */
function nameKey(
  letter: 'p' | 'a' | 'q',
  { type, seed }: { readonly type: DocumentKey['type']; readonly seed: Uint8Array },
  { suite, previous }: { readonly suite: CryptoSuite; readonly previous?: DidDocument | undefined },
): DocumentKey {
  const algorithm = type === 'ed25519' ? suite.ed25519 : suite.mlDsa44
  const publicKey = publicKeyOfSeed(algorithm, seed)
  const multikey = encodeMultikey({ type, bytes: publicKey })
  const named = (previous?.verificationMethod ?? [])
    .map(({ id, publicKeyMultibase }) => ({ fragment: fragmentOf(id), publicKeyMultibase }))
    .filter(({ fragment }) => fragment.startsWith(letter))
  const same = named.find(({ publicKeyMultibase }) => publicKeyMultibase === multikey)
  const numbers = named.map(({ fragment }) => Number(fragment.slice(1)))
  const fragment = same?.fragment ?? `${letter}${Math.max(0, ...numbers) + 1}`
  return { fragment, type, publicKey }
}

function fragmentOf(id: string): string {
  return id.slice(id.indexOf('#') + 1)
}
