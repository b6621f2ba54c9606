import type { CryptoSuite } from '@warren/crypto'
import { TlogError } from '../tlog-error.ts'

/** All that a tree needs of a crypto suite. */
export type Sha256 = Pick<CryptoSuite, 'sha256'>

/** Bytes of every hash in a tree. */
export const HASH_BYTES = 32

const LEAF_TAG = Uint8Array.of(0)
const NODE_TAG = Uint8Array.of(1)

/** The hash of an entry as a leaf, SHA-256(0x00 ‖ entry): RFC 6962 §2.1. */
export function leafHash(suite: Sha256, entry: Uint8Array): Uint8Array {
  return suite.sha256(LEAF_TAG, entry)
}

/** The hash of two subtrees side by side, SHA-256(0x01 ‖ left ‖ right): RFC 6962 §2.1. */
export function nodeHash(suite: Sha256, left: Uint8Array, right: Uint8Array): Uint8Array {
  return suite.sha256(NODE_TAG, left, right)
}

/** The root of the tree without entries, SHA-256 of nothing: RFC 6962 §2.1. */
export function emptyRoot(suite: Sha256): Uint8Array {
  return suite.sha256()
}

/** Refuses what cannot be a hash, before it is hashed with others. */
export function requireHashes(hashes: readonly Uint8Array[]): void {
  if (hashes.every(({ length }) => length === HASH_BYTES)) return
  throw new TlogError('hash-malformed', `a hash has ${HASH_BYTES} bytes`)
}
