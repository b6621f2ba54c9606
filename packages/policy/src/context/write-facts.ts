import type { CedarValueJson } from '@cedar-policy/cedar-wasm/nodejs'
import { isJsonObject } from '@warren/core'
import type { ContextBudget } from './context-budget.ts'
import { ContextFlaw } from './context-flaw.ts'

/**
 * Writes a record of facts: texts, truth values, integers and sets of texts, and nothing else. The
 * engine compares it with the type that it must have.
 *
 * @throws ContextFlaw
 */
export function writeFacts(what: string, facts: unknown, budget: ContextBudget): CedarValueJson {
  if (!isJsonObject(facts)) throw mismatch(what)
  const written = Object.entries(facts).map(([name, value]) => {
    budget.spendValues(1)
    return [name, writeFact(`${what}.${name}`, value, budget)] as const
  })
  return Object.fromEntries(written)
}

/** @throws ContextFlaw */
export function writeTexts(what: string, texts: unknown, budget: ContextBudget): CedarValueJson {
  if (!Array.isArray(texts)) throw mismatch(what)
  budget.spendValues(texts.length)
  return texts.map((text: unknown) => {
    if (typeof text !== 'string') throw mismatch(what)
    budget.spendText(text)
    return text
  })
}

function writeFact(what: string, value: unknown, budget: ContextBudget): CedarValueJson {
  if (typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value + 0
  if (typeof value !== 'string') return writeTexts(what, value, budget)
  budget.spendText(value)
  return value
}

function mismatch(what: string): ContextFlaw {
  return new ContextFlaw('facts-mismatch', `this node has no ${what} of it, as its rules need`)
}
