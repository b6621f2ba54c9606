import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import { CapabilityError } from './capability-error.ts'

/**
 * What arguments must be: a part of JSON Schema 2020-12, with the meaning that it has there.
 *
 * A keyword outside that part is refused, since it could narrow. There is no `pattern`: it would come from outside.
 */
export type ArgumentSchema = JsonObject & { readonly type: SchemaType }

type SchemaType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'null'

/** Schemas inside one another; the outermost has depth 1. */
const DEPTH_MAX = 8
const PARTS_MAX = 256
const LIST_MAX = 64
const NAME_LENGTH_MAX = 256
const COUNT_MAX = 1_000_000

type Check = (value: JsonValue) => boolean

const isCount: Check = (value) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= COUNT_MAX
const isNumber: Check = (value) => typeof value === 'number'
const isScalar: Check = (value) => typeof value !== 'object' || value === null
const isScalars: Check = (value) =>
  isList(value) && value.length > 0 && value.length <= LIST_MAX && value.every(isScalar)
const isNames: Check = (value) =>
  isList(value) &&
  value.length <= LIST_MAX &&
  new Set(value).size === value.length &&
  value.every((name) => typeof name === 'string' && name.length <= NAME_LENGTH_MAX)
const isSchema: Check = isJsonObject
const isSchemas: Check = (value) =>
  isJsonObject(value) && Object.values(value).every((each) => isJsonObject(each))
const isFlag: Check = (value) => typeof value === 'boolean'

const ANY_TYPE = { enum: isScalars, const: isScalar }
const NUMERIC = { ...ANY_TYPE, minimum: isNumber, maximum: isNumber }
const KEYWORDS: Readonly<Record<SchemaType, Readonly<Record<string, Check>>>> = {
  object: { properties: isSchemas, required: isNames, additionalProperties: isFlag },
  array: { items: isSchema, minItems: isCount, maxItems: isCount },
  string: { ...ANY_TYPE, minLength: isCount, maxLength: isCount },
  integer: NUMERIC,
  number: NUMERIC,
  boolean: ANY_TYPE,
  null: {},
}
/** What would be wide open by being left out has to be said. */
const SPOKEN: Readonly<Partial<Record<SchemaType, string>>> = {
  object: 'additionalProperties',
  array: 'items',
}

/**
 * Reads the schema of the arguments of a tool, which is one of an object.
 *
 * @throws CapabilityError `capability-schema`
 */
export function parseArgumentSchema(value: JsonValue | undefined): ArgumentSchema {
  const budget = { parts: PARTS_MAX }
  if (value === undefined || !isArgumentSchema(value, 1, budget) || value.type !== 'object') {
    throw malformed('the arguments of a tool are described by a schema of type "object"')
  }
  return value
}

function isArgumentSchema(
  value: JsonValue,
  depth: number,
  budget: { parts: number },
): value is ArgumentSchema {
  budget.parts -= 1
  if (depth > DEPTH_MAX || budget.parts < 0) {
    throw malformed(`a schema has at most ${PARTS_MAX} parts, ${DEPTH_MAX} deep`)
  }
  if (!isJsonObject(value)) return false
  const { type, ...keywords } = value
  if (!isType(type)) throw malformed('each part of a schema has one "type"')
  for (const [keyword, content] of Object.entries(keywords)) {
    const checks = KEYWORDS[type]
    if (!Object.hasOwn(checks, keyword) || checks[keyword]?.(content) !== true) {
      const known = Object.keys(checks).join(', ')
      throw malformed(`a part of type "${type}" has only ${known || 'its type'}, each of its form`)
    }
  }
  const spoken = SPOKEN[type]
  if (spoken !== undefined && !Object.hasOwn(keywords, spoken)) {
    throw malformed(`a part of type "${type}" says "${spoken}"`)
  }
  return partsOf(value).every((part) => isArgumentSchema(part, depth + 1, budget))
}

/**
 * Whether a value is what a schema says.
 *
 * A property that is not required may be absent. Lengths count code points, as JSON Schema does.
 */
export function fitsSchema(schema: JsonObject, value: JsonValue): boolean {
  return (
    fitsType(schema['type'], value) &&
    fitsChoice(schema, value) &&
    (typeof value !== 'number' || within(value, schema['minimum'], schema['maximum'])) &&
    (typeof value !== 'string' || fitsLength(schema, value)) &&
    (!isList(value) || fitsItems(schema, value)) &&
    (!isJsonObject(value) || fitsProperties(schema, value))
  )
}

const FITS_TYPE: Readonly<Record<SchemaType, Check>> = {
  object: isJsonObject,
  array: isList,
  string: (value) => typeof value === 'string',
  integer: Number.isInteger,
  number: Number.isFinite,
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
}

function fitsType(type: JsonValue | undefined, value: JsonValue): boolean {
  return isType(type) && FITS_TYPE[type](value)
}

function fitsChoice(schema: JsonObject, value: JsonValue): boolean {
  const { enum: choices, const: only } = schema
  if (only !== undefined && only !== value) return false
  return choices === undefined || (isList(choices) && choices.includes(value))
}

function fitsLength({ minLength, maxLength }: JsonObject, text: string): boolean {
  if (minLength === undefined && maxLength === undefined) return true
  return within(Array.from(text).length, minLength, maxLength)
}

function fitsItems(
  { items, minItems, maxItems }: JsonObject,
  value: readonly JsonValue[],
): boolean {
  return (
    within(value.length, minItems, maxItems) &&
    isJsonObject(items) &&
    value.every((item) => fitsSchema(items, item))
  )
}

function fitsProperties(schema: JsonObject, value: JsonObject): boolean {
  const { properties = {}, required = [], additionalProperties } = schema
  if (!isJsonObject(properties) || !isList(required)) return false
  if (!required.every((name) => typeof name === 'string' && Object.hasOwn(value, name)))
    return false
  return Object.entries(value).every(([name, item]) => {
    const part = Object.hasOwn(properties, name) ? properties[name] : undefined
    return isJsonObject(part) ? fitsSchema(part, item) : additionalProperties === true
  })
}

function within(value: number, min: JsonValue | undefined, max: JsonValue | undefined): boolean {
  return (typeof min !== 'number' || value >= min) && (typeof max !== 'number' || value <= max)
}

function partsOf({ properties, items }: JsonObject): readonly JsonValue[] {
  return [
    ...(isJsonObject(properties) ? Object.values(properties) : []),
    ...(items === undefined ? [] : [items]),
  ]
}

function isType(value: JsonValue | undefined): value is SchemaType {
  return typeof value === 'string' && Object.hasOwn(KEYWORDS, value)
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function malformed(message: string): CapabilityError {
  return new CapabilityError('capability-schema', message)
}
