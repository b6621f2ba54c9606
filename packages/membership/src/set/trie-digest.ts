import type { CryptoSuite } from '@warren/crypto'
import { concat } from 'uint8arrays/concat'
import { toString } from 'uint8arrays/to-string'
import { utf8Bytes } from '../byte-text.ts'

/** Children of one branch. */
export const FANOUT = 16
export const DIGEST_BYTES = 32
/** The digest of a child that is not there. */
export const ABSENT: Uint8Array = new Uint8Array(DIGEST_BYTES)
const LEAF_TAG = Uint8Array.of(0)
const BRANCH_TAG = Uint8Array.of(1)

/** The key of an id: 64 hexadecimal digits, which say where it stands. */
export function trieKey(suite: CryptoSuite, id: string): string {
  return toString(suite.sha256(utf8Bytes(id)), 'hex')
}

/** Which child of a branch at that depth a key belongs to. */
export function digitAt(key: string, depth: number): number {
  return Number.parseInt(key.charAt(depth), FANOUT)
}

/** The digest of a subtree of one element. */
export function leafDigest(suite: CryptoSuite, key: string): Uint8Array {
  return suite.sha256(concat([LEAF_TAG, utf8Bytes(key)]))
}

/** The digest of a larger subtree, by those of its 16 children. */
export function branchDigest(suite: CryptoSuite, children: readonly Uint8Array[]): Uint8Array {
  return suite.sha256(concat([BRANCH_TAG, ...children]))
}
