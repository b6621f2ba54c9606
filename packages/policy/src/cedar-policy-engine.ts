import type { Context } from '@cedar-policy/cedar-wasm/nodejs'
import { type ActionPlan, ActionSchemas } from './action-schemas.ts'
import { type CedarQuestion, cedarQuestion, type CedarScope, cedarScope } from './cedar-request.ts'
import type { CedarVerdict } from './cedar-set.ts'
import { ContextFlaw } from './context/context-flaw.ts'
import { contextReads, readsBelow } from './context/context-reads.ts'
import { writeContext } from './context/write-context.ts'
import { DecisionMemory } from './decision-memory.ts'
import {
  allowed,
  contextFlawed,
  type Decision,
  denied,
  engineFailure,
  noRule,
  requestMalformed,
  withHints,
} from './decision.ts'
import { type Explanation, NearestPermits } from './nearest-permit.ts'
import { withNamed } from './named-entities.ts'
import type { PolicyEngine } from './policy-engine.ts'
import { flawOf, type PolicyRequest } from './policy-request.ts'
import type { Rule } from './policy-source.ts'
import { actionMatches, actionPlace } from './slicing/rule-scope.ts'
import { type Slice, Slices } from './slicing/slices.ts'
import type { OpaqueArgument, Vocabulary } from './vocabulary/vocabulary.ts'

/** All that a decision on one request stands on. */
interface Case {
  readonly request: PolicyRequest
  readonly scope: CedarScope
  readonly plan: ActionPlan
  readonly slice: Slice
  readonly context: Context | ContextFlaw
}

/** Rules in force, prepared in the Cedar engine. */
export class CedarPolicyEngine implements PolicyEngine {
  readonly ruleCount: number
  readonly opaque: readonly OpaqueArgument[]
  readonly #rules: readonly Rule[]
  readonly #schemas: ActionSchemas
  readonly #slices: Slices
  readonly #memory = new DecisionMemory()
  #nearest: { readonly action: string; readonly permits: NearestPermits } | undefined
  #retired = false

  /** @throws PolicyError `policy-engine-failed` */
  constructor(rules: readonly Rule[], vocabulary: Vocabulary) {
    this.ruleCount = rules.length
    this.opaque = vocabulary.opaque
    this.#rules = rules
    this.#schemas = new ActionSchemas(vocabulary, rules)
    this.#slices = new Slices(rules)
  }

  decide(request: PolicyRequest): Decision {
    try {
      return this.#decide(request)
    } catch {
      // Whatever goes wrong on the way to a decision, the only safe one is "no".
      return engineFailure([])
    }
  }

  mayAllow(request: PolicyRequest): boolean {
    try {
      if (this.#retired || flawOf(request) !== undefined) return false
      const { action } = this.#schemas.planFor(request)
      return this.#slices.of(cedarScope(request, action)).permits.length > 0
    } catch {
      // As for a decision: what cannot be told is "no".
      return false
    }
  }

  asksPast(request: PolicyRequest): boolean {
    try {
      const { action } = this.#schemas.planFor(request)
      const rules = this.#slices.of(cedarScope(request, action)).rules
      return readsBelow(contextReads(rules.map(({ json }) => json)), 'session') !== undefined
    } catch {
      // An answer that rests on the past must not be taken for one that does not.
      return true
    }
  }

  explain(request: PolicyRequest): Explanation {
    const decision = this.decide(request)
    if (decision.allowed || decision.reason !== 'no-rule') return { decision }
    try {
      const nearest = this.#explain(this.#caseOf(request))
      return nearest === undefined ? { decision } : { decision, nearest }
    } catch {
      // An explanation is a help; the decision stands without it.
      return { decision }
    }
  }

  retire(): void {
    if (this.#retired) return
    this.#retired = true
    this.#slices.retire()
    this.#nearest?.permits.retire()
    this.#schemas.retire()
  }

  #decide(request: PolicyRequest): Decision {
    if (this.#retired) return engineFailure([])
    const flaw = flawOf(request)
    if (flaw !== undefined) return requestMalformed(flaw)
    const asked = this.#caseOf(request)
    const { slice, context } = asked
    const { permits } = slice
    if (context instanceof ContextFlaw) {
      // Whoever may not use a tool in any way learns nothing about its arguments.
      return permits.length === 0 ? noRule(request) : contextFlawed(request, context)
    }
    const question = questionOf(asked, context)
    const decide = (): Decision => answer(asked, slice.set.ask(question, asked.plan.schema))
    const decision = this.#memory.recall(request, slice.readsContext, decide)
    return this.#mayKnow(decision, request) ? withHints(decision, permits) : decision
  }

  /** What would be allowed is told to those who may see the server at all. */
  #mayKnow(decision: Decision, request: PolicyRequest): boolean {
    if (decision.allowed || decision.reason !== 'no-rule' || request.tool === undefined)
      return false
    const { caller, server, atMs, session, credentials } = request
    return this.#decide({ caller, action: 'list', server, atMs, session, credentials }).allowed
  }

  #caseOf(request: PolicyRequest): Case {
    const plan = this.#schemas.planFor(request)
    const scope = cedarScope(request, plan.action)
    return {
      request,
      scope,
      plan,
      slice: this.#slices.of(scope),
      context: contextOf(request, plan),
    }
  }

  #explain({ context, ...asked }: Case): Explanation['nearest'] {
    if (context instanceof ContextFlaw) return undefined
    const { action, schema } = asked.plan
    if (this.#nearest?.action !== action) {
      this.#nearest?.permits.retire()
      this.#nearest = { action, permits: new NearestPermits(this.#permitsNear(asked.scope)) }
    }
    return this.#nearest.permits.find(questionOf(asked, context), schema)
  }

  /** Those on this action; only where there is none, those on others. */
  #permitsNear({ action }: CedarScope): readonly Rule[] {
    const permits = this.#rules.filter(({ json }) => json.effect === 'permit')
    const place = actionPlace(action)
    const near = permits.filter(({ json }) => actionMatches(json.action, place))
    return near.length > 0 ? near : permits
  }
}

function contextOf(request: PolicyRequest, plan: ActionPlan): Context | ContextFlaw {
  try {
    return writeContext(request, plan)
  } catch (error) {
    if (error instanceof ContextFlaw) return error
    throw error
  }
}

function questionOf(
  { request, scope, plan }: Pick<Case, 'request' | 'scope' | 'plan'>,
  context: Context,
): CedarQuestion {
  const question = cedarQuestion(request, scope, context)
  return plan.named.length === 0 ? question : withNamed(question, scope, plan.named)
}

function answer({ request, slice }: Case, verdict: CedarVerdict): Decision {
  if (verdict.type === 'failure') return engineFailure([])
  // The engine skips a forbid that it cannot evaluate; skipping it would let the request through.
  if (verdict.errors.length > 0) return engineFailure(verdict.errors)

  const applying = new Set(verdict.reasons)
  const [first, ...others] = slice.rules.filter(({ id }) => applying.has(id))
  if (!verdict.allowed) return first === undefined ? noRule(request) : denied([first, ...others])
  if (first === undefined) return engineFailure([])
  return allowed([first, ...others])
}
