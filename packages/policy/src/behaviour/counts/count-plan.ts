import { type BehaviourRules, SESSION_COUNTS } from '../behaviour-rules.ts'
import type { Measure } from '../measures.ts'
import type { PastFact } from '../past-fact.ts'
import type { Window } from './window-sum.ts'

/** What is to be counted of each caller, made once of what is declared. */
export interface CountPlan {
  readonly rules: BehaviourRules
  readonly limits: readonly PlannedMeasure[]
  readonly session: readonly PlannedMeasure[]
  readonly facts: readonly PlannedFact[]
}

interface PlannedMeasure {
  readonly measure: Measure
  readonly window: Window
}

interface PlannedFact {
  readonly name: string
  readonly fact: PastFact
}

export function planCounts(rules: BehaviourRules): CountPlan {
  const { limits, sessionWithinMs, facts } = rules
  const session: Window = { of: {}, withinMs: sessionWithinMs }
  return {
    rules,
    limits: limits.map(({ count, server, tool, withinMs }) => ({
      measure: count,
      window: { of: { server, tool }, withinMs },
    })),
    session: SESSION_COUNTS.map((measure) => ({ measure, window: session })),
    facts: [...facts].map(([name, fact]) => ({ name, fact })),
  }
}
