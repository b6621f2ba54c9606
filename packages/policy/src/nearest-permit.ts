import { type PolicyJson, policyToText } from '@cedar-policy/cedar-wasm/nodejs'
import type { CedarQuestion } from './cedar-request.ts'
import { type CedarSchema, CedarSet } from './cedar-set.ts'
import type { Decision } from './decision.ts'
import { type ExplainedValue, valuesIn } from './explained-values.ts'
import type { Rule } from './policy-source.ts'

/** Why a request was refused, for the operator. */
export interface Explanation {
  readonly decision: Decision
  /** With `no-rule` alone, and only when there is a permit at all. */
  readonly nearest?: NearestPermit
}

/** The permit of which the largest share of conditions holds. */
export interface NearestPermit {
  readonly rule: string
  readonly conditionsHeld: number
  readonly conditionCount: number
  /** The first condition that does not hold, in the Cedar language. */
  readonly failing: string
  /** What that condition looks at, and what stands there in this request; absent values are left out. */
  readonly values: readonly ExplainedValue[]
}

/** One condition of a permit: who, what or a term of `when`. */
type Condition = Partial<Pick<PolicyJson, 'principal' | 'action' | 'resource' | 'conditions'>>

interface Candidate {
  readonly rule: string
  readonly conditions: readonly Condition[]
}

type Clause = PolicyJson['conditions'][number]

/** Prefix policies of all permits together; permits beyond it, or nested too deep, are not explained. */
const PREFIXES_MAX = 2000
const FAILING_LENGTH_MAX = 300

/**
 * Finds the permit that comes nearest to a request.
 *
 * Each permit is loaded again as its prefixes: its first condition, its first two, and so on. A
 * prefix never errs where the whole would not, because a condition that guards another stays
 * before it. One question to the engine then tells how far each permit gets.
 */
export class NearestPermits {
  readonly #candidates: readonly Candidate[]
  readonly #set: CedarSet

  constructor(rules: readonly Rule[]) {
    const candidates: Candidate[] = []
    const prefixes = new Map<string, string>()
    for (const { id, json } of rules.filter((rule) => rule.json.effect === 'permit')) {
      const conditions = conditionsOf(json)
      if (prefixes.size + conditions.length > PREFIXES_MAX) break
      const texts = conditions.map((_, held) => policyText(conditions.slice(0, held + 1)))
      const printed = texts.filter((text) => text !== undefined)
      if (printed.length < texts.length) continue
      for (const [held, text] of printed.entries()) {
        prefixes.set(prefixId(candidates.length, held), text)
      }
      candidates.push({ rule: id, conditions })
    }
    this.#candidates = candidates
    this.#set = new CedarSet(prefixes)
  }

  find(question: CedarQuestion, schema: CedarSchema): NearestPermit | undefined {
    const verdict = this.#set.ask(question, schema)
    if (verdict.type === 'failure') return undefined
    const holding = new Set(verdict.reasons)
    let nearest: Progress | undefined
    for (const [index, { conditions, rule }] of this.#candidates.entries()) {
      const failing = conditions.findIndex((_, held) => !holding.has(prefixId(index, held)))
      const held = failing === -1 ? conditions.length : failing
      const found = { rule, conditions, held }
      if (nearest === undefined || share(found) > share(nearest)) nearest = found
    }
    return nearest === undefined ? undefined : described(nearest, question)
  }

  retire(): void {
    this.#set.retire()
  }
}

/** How far one permit gets. */
interface Progress extends Candidate {
  readonly held: number
}

function described({ rule, conditions, held }: Progress, question: CedarQuestion): NearestPermit {
  const first = conditions[held]
  return {
    rule,
    conditionsHeld: held,
    conditionCount: conditions.length,
    failing: first === undefined ? '' : conditionText(first),
    values: (first?.conditions ?? []).flatMap(({ body }) => valuesIn(body, question)),
  }
}

function share({ conditions, held }: Progress): number {
  return held / conditions.length
}

function prefixId(candidate: number, held: number): string {
  return `${candidate}#${held}`
}

function conditionsOf({
  principal,
  action,
  resource,
  conditions,
}: PolicyJson): readonly Condition[] {
  const scope: Condition[] = [{ action }, { resource }, { principal }]
  return [...scope, ...conditions.flatMap(termsOf).map((clause) => ({ conditions: [clause] }))]
}

/** `when { a && b }` is two conditions; `unless { a }` is one. */
function termsOf(clause: Clause): readonly Clause[] {
  const { kind, body } = clause
  const joined = '&&' in body ? body['&&'] : undefined
  if (kind !== 'when' || joined === undefined || Array.isArray(joined)) return [clause]
  const { left, right } = joined
  return [...termsOf({ kind, body: left }), ...termsOf({ kind, body: right })]
}

/** A permit with these conditions, or undefined when it is nested too deep to be printed. */
function policyText(conditions: readonly Condition[]): string | undefined {
  try {
    const answer = policyToText(permitOf(conditions))
    return answer.type === 'success' ? answer.text : undefined
  } catch {
    // The engine's bridge gives up on deep nesting; such a permit is decided, but not explained.
    return undefined
  }
}

function permitOf(conditions: readonly Condition[]): PolicyJson {
  const all: PolicyJson = {
    effect: 'permit',
    principal: { op: 'All' },
    action: { op: 'All' },
    resource: { op: 'All' },
    conditions: [],
  }
  return Object.assign(all, ...conditions, {
    conditions: conditions.flatMap((condition) => condition.conditions ?? []),
  })
}

function conditionText(condition: Condition): string {
  const text = (policyText([condition]) ?? '').replaceAll(/\s+/g, ' ')
  const shown =
    condition.conditions === undefined
      ? text.replace(/^permit ?\( ?/, '').replace(/ ?\) ?;? ?$/, '')
      : text.replace(/^permit ?\(.*?\) /, '').replace(/ ?; ?$/, '')
  return shown.length > FAILING_LENGTH_MAX ? `${shown.slice(0, FAILING_LENGTH_MAX)}…` : shown
}
