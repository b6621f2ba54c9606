import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto'
import { createIdentity } from '@warren/identity'
import {
  adminSigner,
  type AdminSigner,
  createCharter,
  createPolicySet,
  encodePolicySet,
  encodePublicPair,
  type PolicySetTerms,
  publicPair,
  signPolicySet,
} from '@warren/membership'
import type { PolicyTrust } from '../../../src/config/policy-config.ts'
import { filesOf } from '../../../src/load-policies.ts'
import { readPolicyFiles } from '../../../src/policy/read-policy-files.ts'
import { policyDirectory, putPolicy } from '../policy-directory.ts'

export const NOW_MS = Date.UTC(2026, 10, 22, 10)
export const HOUR_MS = 3_600_000
export const RULE = '@id("open") permit (principal in Warren::Role::"member", action, resource);'

/** The people of a mesh, for all tests of a file. */
export const SIGNERS: readonly AdminSigner[] = [0, 1, 2].map(() =>
  adminSigner(createIdentity({ suite, nowMs: NOW_MS - HOUR_MS })),
)

/** The id of a mesh of that name. */
export function meshIdOf(name: string): string {
  return createCharter(charterTerms(name)).meshId
}

/** The charter of a mesh of that name, as it is kept. */
export function charterOf(name: string): string {
  return createCharter(charterTerms(name)).text
}

function charterTerms(name: string): Parameters<typeof createCharter>[0] {
  return { suite, name, admins: SIGNERS.slice(0, 1), k: 1, nowMs: NOW_MS - HOUR_MS }
}

export const MESH: string = meshIdOf('plant')

/** A directory of policies with a configuration that trusts two of the three signers. */
export interface SignedDirectory {
  readonly policies: string
  readonly config: { readonly policies: string; readonly policy: PolicyTrust }
}

export function signedDirectory(
  files: Readonly<Record<string, string>> = { 'a.cedar': RULE },
  threshold = 2,
): SignedDirectory {
  const policies = policyDirectory(files)
  const keys = policyDirectory({})
  const signers = SIGNERS.map((signer, index) => {
    putPolicy(keys, `${index}.pub.json`, encodePublicPair(publicPair(signer)))
    return join(keys, `${index}.pub.json`)
  })
  return { policies, config: { policies, policy: { set: 'lab', signers, threshold } } }
}

/** Signs what stands in the directory now. */
export function signNow(
  policies: string,
  change: Partial<PolicySetTerms> = {},
  signers: readonly AdminSigner[] = SIGNERS.slice(0, 2),
): void {
  const files = filesOf(readPolicyFiles(policies)).map(({ name, digest }) => ({ name, digest }))
  const terms = {
    mesh: MESH,
    name: 'lab',
    version: 1,
    notBeforeMs: NOW_MS,
    notAfterMs: NOW_MS + HOUR_MS,
    files,
    ...change,
  }
  const manifest = signers.reduce(
    (before, signer) => signPolicySet(suite, before, { signer, nowMs: NOW_MS }),
    createPolicySet(suite, terms),
  )
  putPolicy(policies, 'manifest.json', `${encodePolicySet(manifest)}\n`)
}
