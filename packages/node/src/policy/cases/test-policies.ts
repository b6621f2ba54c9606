import { basename } from 'node:path'
import { type NamedRule, namedRules, type PolicySource } from '@warren/policy'
import { readSharedFile } from '@warren/storage'
import { makePolicySet, retirePolicies } from '../../load-policies.ts'
import { NodeError } from '../../node-error.ts'
import { type PolicySetFiles, readPolicyFiles } from '../read-policy-files.ts'
import { type PolicyCase, readCaseFile } from './read-case-file.ts'
import { type CaseOutcome, runCases } from './run-cases.ts'
import { type MutationReport, tryMutants } from './try-mutants.ts'

/** As for the files of a directory of policies. */
const FILE_BYTES_MAX = 1024 * 1024

/** What is tested, and how. */
export interface PolicyTestInit {
  /** The directory of the policies. */
  readonly policies: string
  /** Files of cases; those of the directory when there are none. */
  readonly files: readonly string[]
  /** Whether each rule is dropped and negated, to see whether a case notices. */
  readonly mutate: boolean
}

/** A rule that the cases do not show from both sides. */
export interface UncoveredRule extends NamedRule {
  /** `positive`: no case is decided by it. `negative`: none of the same tool is decided the other way. */
  readonly lacks: readonly ('positive' | 'negative')[]
}

/** How a policy set and its cases stand to one another. */
export interface PolicyTestReport {
  readonly outcomes: readonly CaseOutcome[]
  readonly uncovered: readonly UncoveredRule[]
  readonly mutation?: MutationReport
}

/**
 * Runs the cases of a policy set by the loading, the facts and the engine that a node uses; no node is needed.
 *
 * No case is a failure: whatever directory is named by mistake would pass.
 *
 * @throws PolicyError with the file and line, NodeError `policies-open`, `policies-foreign`, `policies-unreadable`,
 * `policy-cases-missing`; StorageError of a file of cases that is named
 */
export async function testPolicies(init: PolicyTestInit): Promise<PolicyTestReport> {
  const read = readPolicyFiles(init.policies)
  const cases = (await sourcesOf(init, read)).flatMap(readCaseFile)
  if (cases.length === 0) throw noCases(init)
  const outcomes = await runOn(read, cases)
  const rules = read.policies.flatMap(namedRules)
  const report = { outcomes, uncovered: uncoveredOf(rules, outcomes) }
  if (!init.mutate) return report
  return { ...report, mutation: await tryMutants(read, cases) }
}

async function sourcesOf(
  { files }: PolicyTestInit,
  { cases }: PolicySetFiles,
): Promise<readonly PolicySource[]> {
  if (files.length === 0) return cases
  const sources: PolicySource[] = []
  for (const path of files) {
    sources.push({ name: basename(path), text: await readSharedFile(path, FILE_BYTES_MAX) })
  }
  return sources
}

function noCases({ policies, files }: PolicyTestInit): NodeError {
  const where = files.length === 0 ? `${policies} (*.cases.yaml)` : files.join(', ')
  const message = `there is no case in ${where}; see whether this is what was meant, or write the first one`
  return new NodeError('policy-cases-missing', message)
}

async function runOn(
  read: PolicySetFiles,
  cases: readonly PolicyCase[],
): Promise<readonly CaseOutcome[]> {
  const set = makePolicySet(read)
  try {
    return await runCases(set, cases)
  } finally {
    retirePolicies(set)
  }
}

function uncoveredOf(
  rules: readonly NamedRule[],
  outcomes: readonly CaseOutcome[],
): readonly UncoveredRule[] {
  const passed = outcomes.filter((outcome) => outcome.passed)
  return rules.flatMap((rule) => {
    const allows = rule.effect === 'permit'
    const by = passed.filter(
      ({ verdict, rules: deciding }) =>
        (verdict !== 'deny') === allows && deciding.includes(rule.id),
    )
    const places = new Set(by.map(placeOf))
    const isContradicted = passed.some(
      (outcome) => (outcome.verdict !== 'deny') !== allows && places.has(placeOf(outcome)),
    )
    if (by.length > 0 && isContradicted) return []
    return [{ ...rule, lacks: by.length === 0 ? BOTH : NEGATIVE }]
  })
}

const BOTH = ['positive', 'negative'] as const
const NEGATIVE = ['negative'] as const

/** What is asked for, whoever asks and with whatever arguments. */
function placeOf({ asked: { server, action, tool = '' } }: CaseOutcome): string {
  return [server, action, tool].join('\n')
}
