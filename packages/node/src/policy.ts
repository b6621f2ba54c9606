/**
 * What the commands on policies need: checking, testing, writing and signing sets. Nothing of the network is loaded for it.
 *
 * Does I/O. Specified in docs/specs/policy-sets.md.
 *
 * @packageDocumentation
 */
export type { PolicySetManifest } from '@warren/membership'
export { loadConfig } from './config/load-config.ts'
export { type CaseOutcome } from './policy/cases/run-cases.ts'
export { type ChangedDecision, dryRun, type RecordedDecision } from './policy/cases/dry-run.ts'
export {
  type PolicyTestReport,
  testPolicies,
  type UncoveredRule,
} from './policy/cases/test-policies.ts'
export {
  type CheckedPolicies,
  checkPolicies,
  type PolicyCheckInit,
} from './policy/check-policies.ts'
export { comparePins, type PinDifference, writePins } from './policy/pin/pin-file.ts'
export type { SignedSet } from './policy/set/load-policy-set.ts'
export {
  readManifest,
  signManifest,
  writeManifest,
  type WrittenManifest,
} from './policy/set/write-manifest.ts'
export type { TemplateName } from './policy/template/policy-template.ts'
export { writeTemplate } from './policy/template/write-template.ts'
