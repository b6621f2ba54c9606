import { isJsonObject } from '@warren/core'
import type { CedarQuestion } from './cedar-request.ts'
import { accessOf, partsOf, variableOf } from './context/expression.ts'

/** One value that a condition looks at. */
export interface ExplainedValue {
  /** As a rule writes it: `context.fact.path.dirs`. */
  readonly name: string
  /** The value as JSON, cut short where it is long. */
  readonly value: string
}

const VALUES_MAX = 16
const VALUE_LENGTH_MAX = 200
const PLAIN_NAME = /^[A-Za-z_]\w*$/

/** The values of a request that an expression looks at, for the operator. */
export function valuesIn(expression: unknown, question: CedarQuestion): readonly ExplainedValue[] {
  const found = new Map<string, string>()
  for (const { name, value } of lookedAt(expression, question)) {
    if (value !== undefined && found.size < VALUES_MAX) found.set(name, shown(value))
  }
  return [...found].map(([name, value]) => ({ name, value }))
}

interface Looked {
  readonly name: string
  readonly value: unknown
}

function lookedAt(expression: unknown, question: CedarQuestion): readonly Looked[] {
  const looked = chainOf(expression, question)
  return looked === undefined
    ? partsOf(expression).flatMap((part) => lookedAt(part, question))
    : [looked]
}

/** A variable with the attributes behind it, up to what `has` asks of it. */
function chainOf(expression: unknown, question: CedarQuestion): Looked | undefined {
  const variable = variableOf(expression)
  if (variable !== undefined) return { name: variable, value: valueOf(variable, question) }
  const access = accessOf(expression)
  const before = access === undefined ? undefined : chainOf(access.left, question)
  if (access === undefined || before === undefined) return undefined
  return access.attributes.reduce<Looked>(
    ({ name, value }, attribute) => ({
      name: PLAIN_NAME.test(attribute)
        ? `${name}.${attribute}`
        : `${name}[${JSON.stringify(attribute)}]`,
      value: isJsonObject(value) && Object.hasOwn(value, attribute) ? value[attribute] : undefined,
    }),
    before,
  )
}

/** The context, or the attributes of the entity that a variable stands for. */
function valueOf(
  variable: string,
  { principal, resource, context, entities }: CedarQuestion,
): unknown {
  if (variable === 'context') return context
  const uid = new Map([
    ['principal', principal],
    ['resource', resource],
  ]).get(variable)
  return entities.find((entity) => entity.uid === uid)?.attrs
}

function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX)}…` : text
}
