import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto/node-suite'
import type { PolicyFile } from '@warren/audit'
import { formatTimestamp } from '@warren/identity'
import {
  claimedPolicySigners,
  decodePolicySet,
  type PolicySetManifest,
  verifyPolicySet,
} from '@warren/membership'
import type { Config } from '../../config/load-config.ts'
import {
  filesOf,
  loadPolicies,
  makePolicySet,
  type PolicySet,
  retirePolicies,
} from '../../load-policies.ts'
import { NodeError } from '../../node-error.ts'
import { readCaseFile } from '../cases/read-case-file.ts'
import { runCases } from '../cases/run-cases.ts'
import { readGuardedFile } from '../read-guarded-file.ts'
import { type PolicySetFiles, readPolicyFiles } from '../read-policy-files.ts'
import { readPolicySigners } from './policy-signers.ts'
import type { SetMemory } from './set-memory.ts'

/** The file that says what a set is made of, and that is signed. */
export const MANIFEST_FILE = 'manifest.json'

/** A set that can be put in force, and what it is signed as. */
export interface LoadedPolicies extends PolicySet {
  /** Absent where the configuration names no signers. */
  readonly signed?: SignedSet
}

/** A manifest of which everything has been verified. */
export interface SignedSet {
  readonly manifest: PolicySetManifest
  /** DIDs of those who signed it. */
  readonly signers: readonly string[]
}

/** By what a set is judged. */
export interface PolicySetInit {
  readonly config: Pick<Config, 'policies' | 'policy'>
  /** Undefined only where nothing is put in force and nobody can say: a set for any mesh is then in order. */
  readonly meshId: string | undefined
  /** Wall-clock milliseconds. */
  readonly nowMs: number
  readonly memory: Pick<SetMemory, 'check'>
}

/**
 * Loads the policies that a configuration asks for. A signed set is verified in this order: signatures, mesh and name,
 * times, version, files, rules, cases. Nothing of it is in force yet.
 *
 * @throws PolicyError, MembershipError `policy-set-…`, NodeError `policy-set-…`, `policy-signers-invalid`,
 * `policies-open`, `policies-foreign`, `policies-unreadable`
 */
export async function loadPolicySet(init: PolicySetInit): Promise<LoadedPolicies> {
  const { policies, policy } = init.config
  if (policy === undefined) return loadPolicies(policies)
  const trust = readPolicySigners(policy, policies)
  const text = readGuardedFile(join(policies, MANIFEST_FILE), 'refused')
  const manifest = decodePolicySet(suite, text.replace(/\r?\n$/, ''))
  verifyPolicySet(suite, manifest, trust)
  checkTerms(manifest, policy.set, init)
  const read = readPolicyFiles(policies, 'refused')
  requireFiles(manifest, filesOf(read))
  const set = makePolicySet(read)
  try {
    await requireCases(set, read)
  } catch (error) {
    retirePolicies(set)
    throw error
  }
  const signers = claimedPolicySigners(suite, manifest, trust.signers).map(({ did }) => did)
  return { ...set, signed: { manifest, signers } }
}

function checkTerms(manifest: PolicySetManifest, wanted: string, init: PolicySetInit): void {
  const { mesh, name, version, notBeforeMs, notAfterMs, id } = manifest
  if (init.meshId !== undefined && mesh !== init.meshId) {
    throw new NodeError('policy-set-foreign', 'the policy set is signed for another mesh')
  }
  if (name !== wanted) {
    const message = `the policy set is "${name}", and the configuration asks for "${wanted}"`
    throw new NodeError('policy-set-foreign', message)
  }
  if (init.nowMs < notBeforeMs) {
    const message = `the policy set is not in force before ${formatTimestamp(notBeforeMs)}`
    throw new NodeError('policy-set-not-yet-valid', message)
  }
  if (init.nowMs >= notAfterMs) {
    const message = `the policy set ended on ${formatTimestamp(notAfterMs)}; sign a newer one`
    throw new NodeError('policy-set-expired', message)
  }
  init.memory.check(name, { version, id })
}

const NAMES_SHOWN_MAX = 5

/**
 * Requires that the files are those of the manifest, each unchanged, and no other.
 *
 * @throws NodeError `policy-set-mismatch`
 */
export function requireFiles(
  { files: signed }: Pick<PolicySetManifest, 'files'>,
  found: readonly PolicyFile[],
): void {
  const digests = new Map(signed.map(({ name, digest }) => [name, digest]))
  const present = new Set(found.map(({ name }) => name))
  const wrong = [
    ...found
      .filter(({ name, digest }) => digests.get(name) !== digest)
      .map(({ name }) => `${name} ${digests.has(name) ? 'was changed' : 'is not in it'}`),
    ...signed.filter(({ name }) => !present.has(name)).map(({ name }) => `${name} is missing`),
  ]
  if (wrong.length === 0) return
  const more = wrong.length > NAMES_SHOWN_MAX ? `, and ${wrong.length - NAMES_SHOWN_MAX} more` : ''
  throw new NodeError(
    'policy-set-mismatch',
    `the files are not those of the manifest: ${wrong.slice(0, NAMES_SHOWN_MAX).join(', ')}${more}`,
  )
}

async function requireCases(set: PolicySet, { cases }: PolicySetFiles): Promise<void> {
  const outcomes = await runCases(set, cases.flatMap(readCaseFile))
  const failed = outcomes.filter(({ passed }) => !passed)
  const [first] = failed
  if (first === undefined) return
  const { file, line, name } = first.asked
  throw new NodeError(
    'policy-set-cases-failed',
    `${failed.length} of ${outcomes.length} cases fail, the first is ${file}:${line} ${JSON.stringify(name)} (warren policy test)`,
  )
}
