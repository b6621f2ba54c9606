import { isJsonObject, type JsonValue } from '@warren/core'

/** Operators whose content is no expression. */
const LEAVES: ReadonlySet<string> = new Set(['Value', 'Var', 'Slot'])
/** Where the engine's syntax tree keeps the operands of an operator. */
const OPERANDS = ['left', 'right', 'arg', 'if', 'then', 'else', 'in']

/** An attribute that an expression takes of another, or asks for. */
export interface Access {
  readonly left: unknown
  readonly attributes: readonly string[]
  /** `has` asks whether it is there, `.` takes it. */
  readonly operator: '.' | 'has'
}

/** The expressions right below one in the engine's syntax tree, whatever its operator. */
export function partsOf(expression: unknown): readonly unknown[] {
  if (!isJsonObject(expression)) return []
  return Object.entries(expression).flatMap(([operator, operands]) =>
    operandsOf(operator, operands),
  )
}

function operandsOf(operator: string, operands: JsonValue): readonly JsonValue[] {
  if (LEAVES.has(operator)) return []
  // The elements of a set, or what an extension function is given.
  if (isArray(operands)) return operands
  if (!isJsonObject(operands)) return []
  // Only the fields of a record have names of the author's own.
  if (operator === 'Record') return Object.values(operands)
  return OPERANDS.flatMap((name) => operands[name] ?? [])
}

/** The variable that an expression is, if it is one. */
export function variableOf(expression: unknown): string | undefined {
  const name = isJsonObject(expression) ? expression['Var'] : undefined
  return typeof name === 'string' ? name : undefined
}

/** What an expression takes of another, if that is what it does. */
export function accessOf(expression: unknown): Access | undefined {
  if (!isJsonObject(expression)) return undefined
  const operator = isJsonObject(expression['.']) ? '.' : 'has'
  const operands = expression[operator]
  if (!isJsonObject(operands)) return undefined
  const attributes = [operands['attr']].flat().filter((name) => typeof name === 'string')
  return { left: operands['left'], attributes, operator }
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
