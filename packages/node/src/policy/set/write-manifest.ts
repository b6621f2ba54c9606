import { nodeSuite as suite } from '@warren/crypto/node-suite'
import {
  type CharterAdmin,
  createPolicySet,
  decodePolicySet,
  encodePolicySet,
  POLICY_SET_LENGTH_MAX,
  type PolicySetManifest,
  type PolicySetTerms,
  signPolicySet,
} from '@warren/membership'
import { readSharedFile, writePrivateFile } from '@warren/storage'
import { dirname, join } from 'node:path'
import type { KeyPair } from '../../ceremony/admin-keys.ts'
import { filesOf, makePolicySet, retirePolicies } from '../../load-policies.ts'
import { NodeError } from '../../node-error.ts'
import { systemClock } from '../../system-clock.ts'
import { readPolicyFiles } from '../read-policy-files.ts'
import { MANIFEST_FILE, requireFiles } from './load-policy-set.ts'

/** What the author of a set says of it. */
export type ManifestWish = Omit<PolicySetTerms, 'files'>

/** A manifest in its file. */
export interface WrittenManifest {
  readonly file: string
  readonly manifest: PolicySetManifest
}

/**
 * Writes the manifest of a directory of policies, unsigned, in place of one that is there. The policies must be in
 * order; their cases are for `testPolicies`.
 *
 * @throws PolicyError, MembershipError, NodeError, StorageError
 */
export async function writeManifest(
  policies: string,
  wish: ManifestWish,
): Promise<WrittenManifest> {
  const read = readPolicyFiles(policies, 'refused')
  retirePolicies(makePolicySet(read))
  const manifest = createPolicySet(suite, { ...wish, files: [...filesOf(read)] })
  return write(join(policies, MANIFEST_FILE), manifest)
}

/**
 * Reads the manifest of a directory of policies.
 *
 * @throws StorageError, MembershipError `policy-set-too-large`, `policy-set-malformed`
 */
export async function readManifest(file: string): Promise<PolicySetManifest> {
  return decodePolicySet(suite, await readSharedFile(file, POLICY_SET_LENGTH_MAX))
}

/**
 * Adds the signatures of one key file to a manifest; the files beside it must be those that it names.
 *
 * @throws MembershipError `signed-already`, NodeError `policy-set-mismatch`, `keys-foreign`, StorageError
 */
export async function signManifest(
  { file, manifest }: WrittenManifest,
  pair: KeyPair,
  owner: CharterAdmin,
): Promise<WrittenManifest> {
  if (!isOf(owner, pair)) {
    throw new NodeError('keys-foreign', `the public key file is not that of these keys`)
  }
  requireFiles(manifest, filesOf(readPolicyFiles(dirname(file), 'refused')))
  const { ed25519, mlDsa44 } = pair
  const signer = { did: owner.did, ed25519, mlDsa44 }
  return write(file, signPolicySet(suite, manifest, { signer, nowMs: systemClock.wallMs() }))
}

function isOf({ ed25519, mlDsa44 }: CharterAdmin, pair: KeyPair): boolean {
  return (
    Buffer.compare(ed25519.bytes, pair.ed25519.publicKey) === 0 &&
    Buffer.compare(mlDsa44.bytes, pair.mlDsa44.publicKey) === 0
  )
}

async function write(file: string, manifest: PolicySetManifest): Promise<WrittenManifest> {
  const bytes = Buffer.from(`${encodePolicySet(manifest)}\n`)
  await writePrivateFile({ path: file, bytes, replace: true })
  return { file, manifest }
}
