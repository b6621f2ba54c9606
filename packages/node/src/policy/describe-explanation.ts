import type { JsonObject, JsonValue } from '@warren/core'
import type { Decision, Fact, NearestPermit } from '@warren/policy'
import type { CallExplanation } from '../policy-gate.ts'

/** What `warren policy explain` is told. */
export function describeExplanation({
  refusal,
  explanation,
  call,
  offered,
}: CallExplanation): JsonObject {
  if (explanation === undefined) {
    const { code, sentence } = refusal ?? { code: 'call-malformed', sentence: 'it is no call' }
    const unknown = { rules: [], facts: {}, forwarded: null, nearest: null, passing: null }
    return { allowed: false, code, sentence, ...unknown }
  }
  const { decision, nearest } = explanation
  const facts = [...(call?.reading.facts ?? [])].map(
    ([name, fact]) => [name, factOf(fact)] as const,
  )
  const isRewritten = decision.allowed && call !== undefined && call.reading.rewrites.length > 0
  return {
    ...verdictOf(decision),
    rules: [...decision.rules],
    facts: Object.fromEntries(facts),
    forwarded: isRewritten ? call.reading.forward : null,
    nearest: nearest === undefined ? null : nearestOf(nearest),
    passing: offered?.reading.forward ?? null,
  }
}

function verdictOf(decision: Decision): JsonObject {
  if (decision.allowed) return { allowed: true, code: null, sentence: null }
  return { allowed: false, code: `policy-${decision.reason}`, sentence: decision.sentence }
}

function nearestOf({
  rule,
  conditionsHeld,
  conditionCount,
  failing,
  values,
}: NearestPermit): JsonObject {
  const looked = values.map(({ name, value }) => ({ name, value }))
  return { rule, conditionsHeld, conditionCount, failing, values: looked }
}

function factOf(fact: Fact): JsonObject {
  const entries: [string, JsonValue][] = Object.entries(fact)
  return Object.fromEntries(entries)
}
