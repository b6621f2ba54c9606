import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import { printable } from '../printable.ts'
import { kindOf, type RecordShape, type Shape } from '../vocabulary/shape.ts'
import { ContextFlaw } from './context-flaw.ts'

/**
 * Requires that arguments fit the definition of their tool, as far as it is mapped: types, listed
 * values, fields that must be there, and no others where the definition says so.
 *
 * @throws ContextFlaw `input-mismatch`
 */
export function requireFit(shape: RecordShape, input: JsonObject): void {
  requireRecord(shape, input, [])
}

/** A member of an object itself: what a prototype has does not count. */
export function ownMember(value: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(value, name) ? value[name] : undefined
}

function requireRecord(
  { fields, closed }: RecordShape,
  value: JsonObject,
  way: readonly string[],
): void {
  const unknown = closed ? Object.keys(value).find((name) => !fields.has(name)) : undefined
  if (unknown !== undefined)
    throw mismatch([...way, unknown], 'is not in the definition of the tool')
  for (const [name, { shape, required, nullable }] of fields) {
    const member = ownMember(value, name)
    const here = [...way, name]
    if (member === undefined && required) throw mismatch(here, 'is missing')
    if (member === undefined || (member === null && nullable)) continue
    requireShape(shape, member, here)
  }
}

function requireShape(shape: Shape, value: JsonValue, way: readonly string[]): void {
  if (shape.kind === 'opaque') return
  if (shape.kind === 'choice') {
    const kind = kindOf(value)
    const chosen = kind === undefined ? undefined : shape.alternatives.get(kind)
    if (chosen === undefined) throw mismatch(way, 'is of another kind than the tool takes')
    requireShape(chosen, value, way)
  } else if (shape.kind === 'record' && isJsonObject(value)) requireRecord(shape, value, way)
  else if (shape.kind === 'set' && isArray(value)) {
    for (const element of value) requireShape(shape.element, element, way)
  } else if (!isScalarOf(shape, value)) {
    throw mismatch(way, 'is not what the definition of the tool says')
  }
}

function isScalarOf(shape: Shape, value: JsonValue): boolean {
  if (shape.kind === 'bool') return typeof value === 'boolean'
  if (shape.kind === 'string') {
    return typeof value === 'string' && (shape.values?.has(value) ?? true)
  }
  if (shape.kind !== 'long' || typeof value !== 'number') return false
  const isNumber = shape.fractions ? Number.isFinite(value) : Number.isInteger(value)
  return isNumber && (shape.values?.has(value) ?? true)
}

function mismatch(way: readonly string[], what: string): ContextFlaw {
  return new ContextFlaw('input-mismatch', `the argument "${printable(way.join('.'))}" ${what}`)
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
