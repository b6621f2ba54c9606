import { canonicalJson, type JsonObject } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { multihashOf } from './multihash.ts'

/**
 * The name of what a document says, `zQm…`: multibase of the SHA-256 multihash of its canonical form without proofs.
 *
 * It survives proofs that are added or reordered, and no malleable signature can change it.
 *
 * @throws JsonError when the document has no canonical form
 */
export function contentId(suite: CryptoSuite, document: JsonObject): string {
  return `z${multihashOf(suite, canonicalJson(withoutProof(document)))}`
}

/** The document that its proofs sign: everything but `proof`. */
export function withoutProof(document: JsonObject): JsonObject {
  const { proof: _proof, ...unsigned } = document
  return unsigned
}
