import { CedarPolicyEngine } from './cedar-policy-engine.ts'
import { checkRules } from './check-rules.ts'
import type { Decision } from './decision.ts'
import type { Explanation } from './nearest-permit.ts'
import type { Obligation } from './obligation.ts'
import { PolicyError } from './policy-error.ts'
import type { PolicyRequest } from './policy-request.ts'
import { type PolicySource, readRules, type Rule } from './policy-source.ts'
import { lookedInto } from './slicing/looked-into.ts'
import type { DeclaredPast, Supplied } from './vocabulary/policy-schema.ts'
import { type OpaqueArgument, type ToolDefinition, Vocabulary } from './vocabulary/vocabulary.ts'

/** Files handed to one engine. */
const FILES_MAX = 256
/** Checking them against the schema takes some 4 µs for each rule and tool. */
const RULES_MAX = 1000
/** Entities that rules name and look into. */
const NAMED_MAX = 256

export interface PolicyEngineInit {
  /** The files in the order in which rules are listed; no file and no rule means that everything is refused. */
  readonly policies: readonly PolicySource[]
  /** Every tool that is pinned or declared, once. Each becomes an action of its own in the group `call`. */
  readonly tools?: readonly ToolDefinition[]
  /** What the node says with every request; rules cannot name the rest. */
  readonly supplies?: readonly Supplied[]
  /** Facts of the past of a caller that are declared, with `session` among `supplies`. */
  readonly past?: DeclaredPast
  /** What the node carries out; a rule with another obligation fails the load. */
  readonly obligations?: readonly Obligation[]
}

export interface PolicyEngine {
  /** How many rules are in force. */
  readonly ruleCount: number
  /** What of the tools' definitions rules cannot name, and why. */
  readonly opaque: readonly OpaqueArgument[]
  /** Decides one request: refused unless a permit applies, and one forbid beats every permit. Never throws. */
  decide(request: PolicyRequest): Decision
  /** Whether any permit is for this caller and call at all, whatever its arguments say. Never throws. */
  mayAllow(request: PolicyRequest): boolean
  /** Whether a rule that is for this caller and call reads what the caller has done before. Never throws: where it cannot be told, one does. */
  asksPast(request: PolicyRequest): boolean
  /**
   * Says which permit comes nearest to a request that no rule allows, for the operator of this node.
   * The caller must not see it: it tells a prober where the fence stands. Never throws.
   */
  explain(request: PolicyRequest): Explanation
  /** Ends this engine: every later decision is a refusal. For the old engine once a new one is in force. */
  retire(): void
}

/**
 * Loads policies: parsed, validated strictly against the schema of this node's tools, prepared in
 * the engine.
 *
 * Policies are changed by creating a new engine and retiring the old one; a set with any fault
 * throws and changes nothing.
 *
 * @throws PolicyError which names the file, the line where there is one, and what to change
 */
export function createPolicyEngine(init: PolicyEngineInit): PolicyEngine {
  const { policies, tools = [], supplies = [], past, obligations = [] } = init
  const rules = readAll(policies)
  for (const rule of rules) requireCarriedOut(rule, obligations)
  const vocabulary = new Vocabulary(tools, supplies, past)
  checkRules(policies, { schema: vocabulary.schema(), opaque: vocabulary.opaque })
  return new CedarPolicyEngine(rules, vocabulary)
}

function readAll(policies: readonly PolicySource[]): readonly Rule[] {
  if (policies.length > FILES_MAX) {
    throw new PolicyError('policy-too-large', `there are at most ${FILES_MAX} policy files`)
  }
  const rules = new Map<string, Rule>()
  for (const rule of policies.flatMap((source) => readRules(source))) {
    const other = rules.get(rule.id)
    if (other !== undefined) {
      const message = `the id "${rule.id}" stands in ${other.file} already; give each rule its own @id`
      throw new PolicyError('policy-duplicate-id', message, { file: rule.file })
    }
    rules.set(rule.id, rule)
  }
  if (rules.size > RULES_MAX) {
    throw new PolicyError('policy-too-large', `there are at most ${RULES_MAX} rules`)
  }
  requireFewNamed([...rules.values()])
  return [...rules.values()]
}

/** The engine reads them with each request. */
function requireFewNamed(rules: readonly Rule[]): void {
  const { length } = lookedInto(rules.map(({ json }) => json))
  if (length <= NAMED_MAX) return
  const message = `rules ask what ${length} tools, servers and actions by name stand in or have; there are at most ${NAMED_MAX}`
  throw new PolicyError('policy-too-large', message)
}

/** An obligation that nobody carries out would be a promise to the author of the rule. */
function requireCarriedOut({ id, file, obligation }: Rule, known: readonly Obligation[]): void {
  if (obligation === undefined || known.includes(obligation)) return
  const message = `${id}: this node does not carry out @obligation("${obligation}")`
  throw new PolicyError('policy-invalid', message, { file })
}
