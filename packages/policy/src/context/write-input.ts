import type { CedarValueJson } from '@cedar-policy/cedar-wasm/nodejs'
import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import { fieldsRead } from '../vocabulary/input-type.ts'
import { kindOf, type RecordShape, type Shape } from '../vocabulary/shape.ts'
import type { ContextBudget } from './context-budget.ts'
import { ContextFlaw } from './context-flaw.ts'
import type { Reads } from './context-reads.ts'
import { ownMember } from './require-fit.ts'

interface Writing {
  readonly reads: Reads
  readonly budget: ContextBudget
}

/**
 * Writes what rules read of arguments that fit their definition, in the engine's terms.
 *
 * Names of attributes come from the definition alone, which holds none that the engine reads as an
 * entity or an extension, so nothing in the arguments can become one.
 *
 * @throws ContextFlaw
 */
export function writeInput(
  shape: RecordShape,
  input: JsonObject,
  { reads, budget }: Writing,
): Record<string, CedarValueJson> {
  const written: [string, CedarValueJson][] = []
  for (const [name, field, below] of fieldsRead(shape, reads)) {
    const value = ownMember(input, name)
    if (value === undefined || (value === null && field.nullable)) continue
    written.push([name, writeValue(field.shape, value, { reads: below, budget })])
  }
  return Object.fromEntries(written)
}

function writeValue(shape: Shape, value: JsonValue, writing: Writing): CedarValueJson {
  const { budget } = writing
  budget.spendValues(1)
  if (shape.kind === 'choice') return writeChoice(shape.alternatives, value, budget)
  if (typeof value === 'string') {
    budget.spendText(value)
    return value
  }
  if (typeof value === 'number') return writeNumber(value)
  if (shape.kind === 'set' && isArray(value)) {
    return value.map((each) => writeValue(shape.element, each, { reads: 'all', budget }))
  }
  if (shape.kind === 'record' && isJsonObject(value)) return writeInput(shape, value, writing)
  return value === true
}

/** The value under the name of its kind; the other alternatives stay absent. */
function writeChoice(
  alternatives: ReadonlyMap<string, Shape>,
  value: JsonValue,
  budget: ContextBudget,
): CedarValueJson {
  const kind = kindOf(value)
  const shape = kind === undefined ? undefined : alternatives.get(kind)
  if (kind === undefined || shape === undefined) return {}
  return { [kind]: writeValue(shape, value, { reads: 'all', budget }) }
}

function writeNumber(value: number): number {
  if (!Number.isSafeInteger(value)) {
    throw new ContextFlaw('input-number', 'a rule reads a number of it that is not a plain integer')
  }
  // Zero has one form only.
  return value + 0
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
