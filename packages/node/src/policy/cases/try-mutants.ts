import { type Mutant, mutantsOf, PolicyError } from '@warren/policy'
import { makePolicySet, type PolicySet, retirePolicies } from '../../load-policies.ts'
import type { PolicySetFiles } from '../read-policy-files.ts'
import type { PolicyCase } from './read-case-file.ts'
import { type CaseOutcome, runCases } from './run-cases.ts'

/** A change to a rule. */
export type Mutation = Pick<Mutant, 'rule' | 'change'>

/** What the cases notice of changes to the rules. */
export interface MutationReport {
  readonly noticed: number
  /** Changes that no case notices. */
  readonly survivors: readonly Mutation[]
  /** Changes of which no set can be made, and those beyond the limit. */
  readonly untried: readonly (Mutation & { readonly why: string })[]
}

/** Each takes as long as a load. */
const MUTANTS_MAX = 2000

/** Drops and negates every rule in turn, and says which change no case notices. */
export async function tryMutants(
  read: PolicySetFiles,
  cases: readonly PolicyCase[],
): Promise<MutationReport> {
  const survivors: Mutation[] = []
  const untried: (Mutation & { readonly why: string })[] = []
  let noticed = 0
  for (const [index, mutant] of read.policies.flatMap(mutantsOf).entries()) {
    const mutation = { rule: mutant.rule, change: mutant.change }
    const set = index < MUTANTS_MAX ? setOf(read, mutant) : `beyond ${MUTANTS_MAX} changes`
    if (typeof set === 'string') untried.push({ ...mutation, why: set })
    else if (await isNoticed(set, cases)) noticed += 1
    else survivors.push(mutation)
  }
  return { noticed, survivors, untried }
}

/** The set with that change, or why there is none. */
function setOf(read: PolicySetFiles, { source }: Mutant): PolicySet | string {
  const policies = read.policies.map((each) => (each.name === source.name ? source : each))
  try {
    return makePolicySet({ ...read, policies })
  } catch (error) {
    if (error instanceof PolicyError) return error.message
    throw error
  }
}

async function isNoticed(set: PolicySet, cases: readonly PolicyCase[]): Promise<boolean> {
  try {
    for (const asked of cases) {
      const outcomes = await runCases(set, [withoutNumbers(asked)])
      if (outcomes.some(({ passed }: CaseOutcome) => !passed)) return true
    }
    return false
  } finally {
    retirePolicies(set)
  }
}

/** A rule without an `@id` is named by its number, and that changes when another goes. */
function withoutNumbers(asked: PolicyCase): PolicyCase {
  return asked.rule?.includes(':') === true ? { ...asked, rule: undefined } : asked
}
