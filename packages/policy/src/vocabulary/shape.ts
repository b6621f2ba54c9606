/**
 * What an argument of a tool may be, as far as a rule can speak of it: the part of its JSON Schema
 * that has a Cedar type. `opaque` is the rest; a rule cannot name it.
 */
export type Shape =
  | { readonly kind: 'string'; readonly values?: ReadonlySet<string> }
  | {
      readonly kind: 'long'
      readonly values?: ReadonlySet<number>
      /** JSON Schema `number` takes fractions, which a rule cannot read. */
      readonly fractions: boolean
    }
  | { readonly kind: 'bool' }
  | { readonly kind: 'set'; readonly element: Shape }
  | RecordShape
  | { readonly kind: 'choice'; readonly alternatives: ReadonlyMap<JsonKind, Shape> }
  | OpaqueShape

/** An object with known fields. */
export interface RecordShape {
  readonly kind: 'record'
  readonly fields: ReadonlyMap<string, Field>
  /** A field that is not listed breaks the definition. */
  readonly closed: boolean
}

/** What has no Cedar type, and why. */
export interface OpaqueShape {
  readonly kind: 'opaque'
  readonly why: string
}

/** One field of an object. */
export interface Field {
  readonly shape: Shape
  readonly required: boolean
  /** `null` counts as absent. */
  readonly nullable: boolean
}

/** The kinds of JSON values but null, named as a rule names the alternatives of a choice. */
export type JsonKind = 'string' | 'number' | 'boolean' | 'array' | 'object'

/** A field that is always there when the arguments fit the definition. */
export function isSure({ shape, required, nullable }: Field): boolean {
  return shape.kind !== 'opaque' && required && !nullable
}

/** The kind of a JSON value; undefined for null and for what is no JSON. */
export function kindOf(value: unknown): JsonKind | undefined {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'number') return 'number'
  if (typeof value === 'boolean') return 'boolean'
  return typeof value === 'object' && value !== null ? 'object' : undefined
}
