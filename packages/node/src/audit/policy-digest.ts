import type { PolicyFile } from '@warren/audit'
import { canonicalJson } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto/node-suite'
import type { PolicySource } from '@warren/policy'

/** What each file of a policy set is, by the SHA-256 of its text. */
export function policyFiles(policies: readonly PolicySource[]): readonly PolicyFile[] {
  return policies.map(({ name, text }) => ({ name, digest: digestOf(text) }))
}

/** Names a policy set: the SHA-256 of the canonical JSON of its files in their order. */
export function policySetDigest(files: readonly PolicyFile[]): string {
  return digestOf(canonicalJson(files.map(({ name, digest }) => ({ name, digest }))))
}

function digestOf(text: string): string {
  return Buffer.from(suite.sha256(Buffer.from(text, 'utf8'))).toString('base64url')
}
