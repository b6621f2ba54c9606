import { isJsonObject } from '@warren/core'
import type { CedarQuestion } from '../cedar-request.ts'
import { type CedarSchema, CedarSet, type CedarVerdict } from '../cedar-set.ts'
import type { Rule } from '../policy-source.ts'
import { Conditions } from './conditions.ts'

/** Rules that are prepared, and asked about, together. */
const PART_RULES = 16
/** Of the parts such a share at most is asked one by one; beyond it to ask all rules at once takes less time. */
const PARTS_ASKED_SHARE = 1 / 8

/** Rules that answer as one, however they are kept. */
export interface RuleSet {
  /** Never throws: what goes wrong is a failure. */
  ask(question: CedarQuestion, schema: CedarSchema): CedarVerdict
  /** Frees what is prepared. */
  retire(): void
}

interface Part {
  readonly rules: readonly Rule[]
  /** Prepared when it is first asked about. */
  set?: CedarSet
}

/**
 * Many rules whose heads all match: the engine's time grows with each, whether or not it applies. So it is asked about
 * those parts alone in which a rule may apply to this context, or err in it.
 *
 * A rule that certainly does neither would be in no answer of the engine. So what these parts say together is what all
 * rules say.
 */
export class PartedSet implements RuleSet {
  readonly #whole: CedarSet
  readonly #partRules: number
  readonly #parts: readonly Part[]
  readonly #conditions: Conditions
  #retired = false

  /** @throws PolicyError `policy-engine-failed` */
  constructor(rules: readonly Rule[], partRules: number = PART_RULES) {
    this.#whole = preparedSet(rules)
    this.#conditions = new Conditions(rules.map(({ json }) => json))
    this.#partRules = partRules
    this.#parts = Array.from({ length: Math.ceil(rules.length / partRules) }, (_, index) => ({
      rules: rules.slice(index * partRules, (index + 1) * partRules),
    }))
  }

  ask(question: CedarQuestion, schema: CedarSchema): CedarVerdict {
    const parts = this.#retired ? undefined : this.#partsFor(question)
    if (parts === undefined) return this.#whole.ask(question, schema)
    return together(parts.map((part) => askPart(part, question, schema)))
  }

  retire(): void {
    this.#retired = true
    this.#whole.retire()
    for (const { set } of this.#parts) set?.retire()
  }

  /** The parts that have to be asked; undefined where all rules are asked at once. */
  #partsFor({ context }: CedarQuestion): readonly Part[] | undefined {
    if (!isJsonObject(context)) return undefined
    const mayApply = this.#conditions.mayApply(context)
    const parts = this.#parts.filter((part, index) => {
      const first = index * this.#partRules
      return part.rules.some((_, rule) => mayApply[first + rule] === true)
    })
    if (parts.length > this.#parts.length * PARTS_ASKED_SHARE) return undefined
    // The engine judges the request as well, whatever the rules say, and is always asked.
    return parts.length > 0 ? parts : this.#parts.slice(0, 1)
  }
}

/** One set of rules in the engine. */
export function preparedSet(rules: readonly Rule[]): CedarSet {
  return new CedarSet(new Map(rules.map(({ id, text }) => [id, text])))
}

function askPart(part: Part, question: CedarQuestion, schema: CedarSchema): CedarVerdict {
  try {
    part.set ??= preparedSet(part.rules)
  } catch {
    // The engine refuses what it took before with all rules; it is as if it did not answer.
    return { type: 'failure' }
  }
  return part.set.ask(question, schema)
}

/** What the engine would say of several sets as one: a forbid in any of them beats the permits of all. */
function together(verdicts: readonly CedarVerdict[]): CedarVerdict {
  const answers = verdicts.filter((verdict) => verdict.type === 'answer')
  if (answers.length < verdicts.length) return { type: 'failure' }
  const errors = answers.flatMap((answer) => answer.errors)
  const denying = answers.filter(({ allowed, reasons }) => !allowed && reasons.length > 0)
  const allowing = answers.filter(({ allowed }) => allowed)
  const isAllowed = denying.length === 0 && allowing.length > 0
  const reasons = (isAllowed ? allowing : denying).flatMap((answer) => answer.reasons)
  return { type: 'answer', allowed: isAllowed, reasons, errors }
}
