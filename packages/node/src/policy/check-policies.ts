import type { OpaqueArgument } from '@warren/policy'
import { loadConfig } from '../config/load-config.ts'
import { loadPolicies, retirePolicies } from '../load-policies.ts'

/** What a node would put in force. */
export interface CheckedPolicies {
  /** The directory with the files. */
  readonly policies: string
  readonly digest: string
  readonly files: readonly string[]
  readonly rules: number
  /** What of the pinned tools rules cannot name, and why. */
  readonly opaque: readonly OpaqueArgument[]
}

/**
 * Loads the policies of a data directory as its node would, and puts nothing in force.
 *
 * @throws ConfigError, PolicyError, NodeError `policies-open`, `policies-foreign`, `policies-unreadable`
 */
export function checkPolicies(directory: string): CheckedPolicies {
  const { policies } = loadConfig(directory)
  const set = loadPolicies(policies)
  const { digest, files } = set
  const { ruleCount: rules, opaque } = set.engine
  retirePolicies(set)
  return { policies, digest, files: files.map(({ name }) => name), rules, opaque }
}
