import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import { resolvePointer } from './json-pointer.ts'
import { joinAlternatives } from './join-alternatives.ts'
import type { Field, OpaqueShape, RecordShape, Shape } from './shape.ts'

/** A part of a definition that has no Cedar type. */
export interface OpaquePart {
  /** The way to it, as a rule would write it: `options.file`; empty for the arguments as a whole. */
  readonly argument: string
  readonly why: string
}

/** What a tool takes, and what of it a rule cannot name. */
export interface MappedInput {
  readonly shape: RecordShape
  readonly opaque: readonly OpaquePart[]
}

const DEPTH_MAX = 8
/** Schemas visited for one tool, references followed included. */
const SCHEMAS_MAX = 512
const FIELDS_MAX = 256
const VALUES_MAX = 256
const ALTERNATIVES_MAX = 16
const NAME_LENGTH_MAX = 128
const OPAQUE_LISTED_MAX = 64
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u
/** Names that the engine's JSON, or this language, reads as something other than a name. */
const RESERVED_NAMES: ReadonlySet<string> = new Set(['__entity', '__extn', '__expr', '__proto__'])
const SCALARS: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  ['string', { kind: 'string' }],
  ['integer', { kind: 'long', fractions: false }],
  ['number', { kind: 'long', fractions: true }],
  ['boolean', { kind: 'bool' }],
])
const NO_FIELDS: RecordShape = { kind: 'record', fields: new Map(), closed: false }

/** A schema on the way into the definition. */
interface Visit {
  readonly schema: JsonValue
  readonly way: readonly string[]
  readonly depth: number
}

/** What a schema allows: a shape, or null beside it. */
type Mapped = Omit<Field, 'required'>

/**
 * Maps the `inputSchema` of a tool. Never throws: a definition comes from a server, and whatever in it
 * cannot be mapped is opaque and harms nothing else.
 */
export function mapInputSchema(schema: JsonValue): MappedInput {
  const mapper = new Mapper(schema)
  const { shape } = mapper.map({ schema, way: [], depth: 0 })
  if (shape.kind === 'record') return { shape, opaque: mapper.opaque }
  const why = shape.kind === 'opaque' ? shape.why : 'the arguments of a tool are an object'
  return { shape: NO_FIELDS, opaque: [{ argument: '', why }] }
}

class Mapper {
  readonly opaque: OpaquePart[] = []
  readonly #root: JsonValue
  #visits = 0
  #fields = 0

  constructor(root: JsonValue) {
    this.#root = root
  }

  map(visit: Visit): Mapped {
    this.#visits += 1
    if (this.#visits > SCHEMAS_MAX) return this.#none(visit, 'the definition is too large')
    if (visit.depth > DEPTH_MAX) return this.#none(visit, 'it is nested too deep or within itself')
    const { schema } = visit
    if (!isJsonObject(schema)) return this.#none(visit, 'it may be anything')
    if (schema['$ref'] !== undefined) return this.#mapReference(visit, schema['$ref'])
    if (schema['enum'] !== undefined) return this.#mapValues(visit, schema['enum'])
    if (schema['const'] !== undefined) return this.#mapValues(visit, [schema['const']])
    // Beside a type, alternatives only narrow what the type says.
    if (schema['type'] !== undefined) return this.#mapType(visit, schema['type'])
    const alternatives = schema['anyOf'] ?? schema['oneOf']
    if (alternatives !== undefined) return this.#mapAlternatives(visit, alternatives)
    if (schema['allOf'] !== undefined) return this.#mapAll(visit, schema['allOf'])
    return this.#none(visit, 'its type is not given')
  }

  #none({ way }: Visit, why: string): Mapped {
    if (this.opaque.length < OPAQUE_LISTED_MAX) this.opaque.push({ argument: way.join('.'), why })
    return { shape: opaque(why), nullable: true }
  }

  #mapReference(visit: Visit, reference: JsonValue): Mapped {
    const schema = resolvePointer(this.#root, reference)
    if (schema === undefined)
      return this.#none(visit, 'its $ref is not a pointer into the definition')
    return this.map({ ...visit, schema, depth: visit.depth + 1 })
  }

  #mapValues(visit: Visit, values: JsonValue): Mapped {
    if (!isArray(values) || values.length === 0 || values.length > VALUES_MAX) {
      return this.#none(visit, `its values are not a list of 1 to ${VALUES_MAX}`)
    }
    const nullable = values.includes(null)
    const others = values.filter((value) => value !== null)
    const strings = others.filter((value) => typeof value === 'string')
    if (others.length > 0 && strings.length === others.length) {
      return { shape: { kind: 'string', values: new Set(strings) }, nullable }
    }
    const longs = others.filter((value) => typeof value === 'number' && Number.isSafeInteger(value))
    const numbers = longs.filter((value) => typeof value === 'number')
    if (others.length > 0 && numbers.length === others.length) {
      return { shape: { kind: 'long', values: new Set(numbers), fractions: false }, nullable }
    }
    const isBool = others.length > 0 && others.every((value) => typeof value === 'boolean')
    if (isBool) return { shape: { kind: 'bool' }, nullable }
    return this.#none(visit, 'its values are not all texts, or all integers')
  }

  #mapAll(visit: Visit, all: JsonValue): Mapped {
    const [only, ...others] = isArray(all) ? all : []
    if (only === undefined || others.length > 0)
      return this.#none(visit, 'allOf joins several definitions')
    return this.map({ ...visit, schema: only, depth: visit.depth + 1 })
  }

  #mapAlternatives(visit: Visit, alternatives: JsonValue): Mapped {
    if (!isArray(alternatives) || alternatives.length > ALTERNATIVES_MAX) {
      return this.#none(visit, `its alternatives are not a list of at most ${ALTERNATIVES_MAX}`)
    }
    const depth = visit.depth + 1
    const others = alternatives.filter((schema) => !isNullSchema(schema))
    const listed = this.opaque.length
    const mapped = others.map((schema) => this.map({ ...visit, schema, depth }))
    const nullable = others.length < alternatives.length || mapped.some((each) => each.nullable)
    const [first, ...rest] = mapped.map(({ shape }) => shape)
    if (first === undefined) return this.#none(visit, 'it has no alternatives')
    if (rest.length === 0) return { shape: first, nullable }
    const choice = joinAlternatives([first, ...rest])
    if (choice !== undefined) return { shape: choice, nullable }
    // The parts of what is opaque as a whole need no mention.
    this.opaque.length = listed
    return this.#none(visit, 'its alternatives cannot be told apart by the kind of their value')
  }

  #mapType(visit: Visit, type: JsonValue): Mapped {
    if (!isArray(type)) return { shape: this.#mapKind(visit, type), nullable: false }
    const { schema } = visit
    return this.#mapAlternatives(
      visit,
      type.map((each) => Object.assign({}, schema, { type: each })),
    )
  }

  #mapKind(visit: Visit, type: JsonValue): Shape {
    const scalar = typeof type === 'string' ? SCALARS.get(type) : undefined
    if (scalar !== undefined) return scalar
    if (type === 'array') return this.#mapArray(visit)
    if (type === 'object') return this.#mapObject(visit)
    return this.#none(visit, 'its type is none that a rule can read').shape
  }

  #mapArray(visit: Visit): Shape {
    const { schema } = visit
    const items =
      isJsonObject(schema) && schema['prefixItems'] === undefined ? schema['items'] : undefined
    if (!isJsonObject(items)) return this.#none(visit, 'its elements are not of one type').shape
    const listed = this.opaque.length
    const depth = visit.depth + 1
    const { shape, nullable } = this.map({ schema: items, way: visit.way, depth })
    if (shape.kind !== 'opaque' && !nullable) return { kind: 'set', element: shape }
    this.opaque.length = listed
    return this.#none(visit, 'its elements have no type, or may be null').shape
  }

  #mapObject(visit: Visit): Shape {
    const { schema } = visit
    if (!isJsonObject(schema) || !isJsonObject(schema['properties'])) {
      return this.#none(visit, 'its fields are not listed').shape
    }
    const entries = this.#fields > FIELDS_MAX ? [] : Object.entries(schema['properties'])
    this.#fields += entries.length
    if (this.#fields > FIELDS_MAX)
      return this.#none(visit, `it has more than ${FIELDS_MAX} fields`).shape
    const required = new Set(isArray(schema['required']) ? schema['required'] : [])
    const fields = new Map<string, Field>()
    for (const [name, field] of entries) {
      fields.set(name, { ...this.#mapField(visit, name, field), required: required.has(name) })
    }
    return { kind: 'record', fields, closed: isClosed(schema) }
  }

  #mapField(visit: Visit, name: string, schema: JsonValue): Mapped {
    const field = { schema, way: [...visit.way, name], depth: visit.depth + 1 }
    const isName =
      name.length <= NAME_LENGTH_MAX &&
      name.isWellFormed() &&
      !UNPRINTABLE.test(name) &&
      !RESERVED_NAMES.has(name)
    return isName
      ? this.map(field)
      : this.#none({ ...field, way: visit.way }, 'a field has a name that no rule can use')
  }
}

function isClosed(schema: JsonObject): boolean {
  const opening = ['patternProperties', 'allOf', 'if', 'dependentSchemas']
  return (
    schema['additionalProperties'] === false && opening.every((key) => schema[key] === undefined)
  )
}

function isNullSchema(schema: JsonValue): boolean {
  return isJsonObject(schema) && (schema['type'] === 'null' || schema['const'] === null)
}

function opaque(why: string): OpaqueShape {
  return { kind: 'opaque', why }
}

function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value)
}
