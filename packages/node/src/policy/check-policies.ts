import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto/node-suite'
import { parseCharter } from '@warren/membership'
import type { OpaqueArgument } from '@warren/policy'
import { readStoredTexts } from '@warren/storage'
import { CONFIG_FILE_NAME, loadConfig } from '../config/load-config.ts'
import type { PolicyTrust } from '../config/policy-config.ts'
import { dataPaths } from '../data-directory.ts'
import { retirePolicies } from '../load-policies.ts'
import { systemClock } from '../system-clock.ts'
import { loadPolicySet, type PolicySetInit, type SignedSet } from './set/load-policy-set.ts'
import { SetMemory } from './set/set-memory.ts'

/** What a node would put in force. */
export interface CheckedPolicies {
  /** The directory with the files. */
  readonly policies: string
  readonly digest: string
  readonly files: readonly string[]
  readonly rules: number
  /** What of the pinned tools rules cannot name, and why. */
  readonly opaque: readonly OpaqueArgument[]
  /** What the set is signed as; absent where the configuration names no signers. */
  readonly signed?: SignedSet
  /** What the node will ask besides and nobody could say here, in words. */
  readonly notChecked: readonly string[]
}

/** What is checked. */
export interface PolicyCheckInit {
  /** The data directory, of whose node nothing is asked: it may be running. */
  readonly directory: string
  /** Another directory of policies than that of the configuration; then there may be no configuration. */
  readonly policies?: string | undefined
  /** Wall-clock milliseconds; those of this machine when absent. */
  readonly nowMs?: number
}

const NO_CONFIGURATION =
  'whether the set has to be signed, and is: there is no warren.yaml that names signers'
const NO_NODE =
  'whether the set is for the mesh of the node, and no older than the one before: no node was made here yet'

/**
 * Loads the policies of a data directory as its node would, signatures, times, version and cases of a signed set
 * included, and puts nothing in force.
 *
 * @throws ConfigError, StorageError, and what `loadPolicySet` throws
 */
export async function checkPolicies(init: PolicyCheckInit): Promise<CheckedPolicies> {
  const { directory, nowMs = systemClock.wallMs() } = init
  const config = configOf(init)
  const known = config.policy === undefined ? NOTHING_KNOWN : whatIsKnown(directory)
  const set = await loadPolicySet({ config, nowMs, ...known })
  const { digest, files, signed } = set
  const { ruleCount: rules, opaque } = set.engine
  retirePolicies(set)
  return {
    policies: config.policies,
    digest,
    files: files.map(({ name }) => name),
    rules,
    opaque,
    ...(signed === undefined ? {} : { signed }),
    notChecked: [
      ...(config.isThere ? [] : [NO_CONFIGURATION]),
      ...(signed === undefined || known.meshId !== undefined ? [] : [NO_NODE]),
    ],
  }
}

interface CheckedConfig {
  readonly policies: string
  readonly policy?: PolicyTrust | undefined
  readonly isThere: boolean
}

function configOf({ directory, policies }: PolicyCheckInit): CheckedConfig {
  if (policies !== undefined && !existsSync(join(directory, CONFIG_FILE_NAME))) {
    return { policies, isThere: false }
  }
  const config = loadConfig(directory)
  return { policies: policies ?? config.policies, policy: config.policy, isThere: true }
}

type Known = Pick<PolicySetInit, 'meshId' | 'memory'>

const NOTHING_KNOWN: Known = { meshId: undefined, memory: { check: () => {} } }

/** The mesh of the node, and which sets were in force here. */
function whatIsKnown(directory: string): Known {
  const { store } = dataPaths(directory)
  const { charter, policySets } = (existsSync(store) && readStoredTexts(store)) || {}
  if (charter === undefined) return NOTHING_KNOWN
  const memory = new SetMemory({ read: () => policySets, write: () => {} })
  return { meshId: parseCharter(suite, charter).meshId, memory }
}
