import { CedarSet } from './cedar-set.ts'
import { cedarQuestion } from './cedar-request.ts'
import { DecisionMemory } from './decision-memory.ts'
import { type Decision, denied, engineFailure, noRule, requestMalformed } from './decision.ts'
import { type Explanation, NearestPermits } from './nearest-permit.ts'
import { PolicyError } from './policy-error.ts'
import { flawOf, type PolicyRequest } from './policy-request.ts'
import { type PolicySource, readRules, type Rule } from './policy-source.ts'

/** Files handed to one engine. */
const FILES_MAX = 256
/** Time per decision grows with the number of rules: some 2 µs for each. */
const RULES_MAX = 1000

export interface PolicyEngineInit {
  /** The files in the order in which rules are listed; no file and no rule means that everything is refused. */
  readonly policies: readonly PolicySource[]
}

export interface PolicyEngine {
  /** How many rules are in force. */
  readonly ruleCount: number
  /** Decides one request: refused unless a permit applies, and one forbid beats every permit. Never throws. */
  decide(request: PolicyRequest): Decision
  /**
   * Says which permit comes nearest to a request that no rule allows, for the operator of this node.
   * The caller must not see it: it tells a prober where the fence stands.
   */
  explain(request: PolicyRequest): Explanation
  /** Ends this engine: every later decision is a refusal. For the old engine once a new one is in force. */
  retire(): void
}

/**
 * Loads policies: parsed, validated strictly against the schema, prepared in the engine.
 *
 * Policies are changed by creating a new engine and retiring the old one; a set with any fault
 * throws and changes nothing.
 *
 * @throws PolicyError which names the file, the line where there is one, and what to change
 */
export function createPolicyEngine({ policies }: PolicyEngineInit): PolicyEngine {
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
  return new CedarPolicyEngine(rules)
}

class CedarPolicyEngine implements PolicyEngine {
  readonly ruleCount: number
  readonly #rules: ReadonlyMap<string, Rule>
  readonly #set: CedarSet
  readonly #memory: DecisionMemory
  #nearest: NearestPermits | undefined
  #retired = false

  constructor(rules: ReadonlyMap<string, Rule>) {
    this.ruleCount = rules.size
    this.#rules = rules
    this.#memory = new DecisionMemory([...rules.values()])
    this.#set = new CedarSet(new Map([...rules].map(([id, { text }]) => [id, text])))
  }

  decide(request: PolicyRequest): Decision {
    if (this.#retired) return engineFailure([])
    const flaw = flawOf(request)
    if (flaw !== undefined) return requestMalformed(flaw)
    return this.#memory.recall(request, () => this.#ask(request))
  }

  explain(request: PolicyRequest): Explanation {
    const decision = this.decide(request)
    if (decision.allowed || decision.reason !== 'no-rule') return { decision }
    this.#nearest ??= new NearestPermits([...this.#rules.values()])
    const nearest = this.#nearest.find(cedarQuestion(request))
    return nearest === undefined ? { decision } : { decision, nearest }
  }

  retire(): void {
    if (this.#retired) return
    this.#retired = true
    this.#set.retire()
    this.#nearest?.retire()
  }

  #ask(request: PolicyRequest): Decision {
    const verdict = this.#set.ask(cedarQuestion(request))
    if (verdict.type === 'failure') return engineFailure([])
    // The engine skips a forbid that it cannot evaluate; skipping it would let the request through.
    if (verdict.errors.length > 0) return engineFailure(verdict.errors)

    const [first, ...others] = this.#inOrder(verdict.reasons)
    if (!verdict.allowed) return first === undefined ? noRule(request) : denied([first, ...others])
    if (first === undefined) return engineFailure([])
    return { allowed: true, rule: first.id, rules: [first, ...others].map(({ id }) => id) }
  }

  #inOrder(ids: readonly string[]): readonly Rule[] {
    const wanted = new Set(ids)
    return [...this.#rules.values()].filter(({ id }) => wanted.has(id))
  }
}
