import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { type NamedRule, namedRules, type PolicySource } from '@warren/policy'
import { makePolicySet, retirePolicies } from '../../load-policies.ts'
import { type PolicySetFiles, readPolicyFiles } from '../read-policy-files.ts'
import { type PolicyCase, readCaseFile } from './read-case-file.ts'
import { type CaseOutcome, runCases } from './run-cases.ts'
import { type MutationReport, tryMutants } from './try-mutants.ts'

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
 * @throws PolicyError with the file and line, NodeError `policies-open`, `policies-foreign`, `policies-unreadable`
 */
export async function testPolicies(init: PolicyTestInit): Promise<PolicyTestReport> {
  const read = readPolicyFiles(init.policies)
  const cases = sourcesOf(init, read).flatMap(readCaseFile)
  const outcomes = await runOn(read, cases)
  const rules = read.policies.flatMap(namedRules)
  const report = { outcomes, uncovered: uncoveredOf(rules, outcomes) }
  if (!init.mutate) return report
  return { ...report, mutation: await tryMutants(read, cases) }
}

function sourcesOf({ files }: PolicyTestInit, { cases }: PolicySetFiles): readonly PolicySource[] {
  if (files.length === 0) return cases
  return files.map((path) => ({ name: basename(path), text: readFileSync(path, 'utf8') }))
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
