import { canonicalJson, type JsonObject } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { withoutProof } from './content-id.ts'
import { SCID_PLACEHOLDER } from './log-entry.ts'
import { multihashOf } from './multihash.ts'

/** The SCID that a first entry gives, whatever its versionId and proof say (did:webvh 1.0 §3.6.1). */
export function scidOfGenesis(
  suite: CryptoSuite,
  entry: JsonObject,
  scid: string = SCID_PLACEHOLDER,
): string {
  const text = canonicalJson({ ...withoutProof(entry), versionId: scid })
  return multihashOf(suite, text.replaceAll(scid, SCID_PLACEHOLDER))
}

/**
 * The hash of an entry, with the versionId of the entry before it in place of its own; before the first entry
 * stands the SCID (did:webvh 1.0 §3.7.3).
 */
export function entryHash(
  suite: CryptoSuite,
  entry: JsonObject,
  previousVersionId: string,
): string {
  return multihashOf(suite, canonicalJson({ ...withoutProof(entry), versionId: previousVersionId }))
}
