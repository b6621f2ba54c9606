import type { PolicyFile } from '@warren/audit'
import { canonicalJson } from '@warren/core'
import type { PolicySource } from '@warren/policy'
import { textDigest } from '../text-digest.ts'

/** What each file of a policy set is, by the SHA-256 of its text. */
export function policyFiles(policies: readonly PolicySource[]): readonly PolicyFile[] {
  return policies.map(({ name, text }) => ({ name, digest: textDigest(text) }))
}

/** Names a policy set: the SHA-256 of the canonical JSON of its files in their order. */
export function policySetDigest(files: readonly PolicyFile[]): string {
  return textDigest(canonicalJson(files.map(({ name, digest }) => ({ name, digest }))))
}
