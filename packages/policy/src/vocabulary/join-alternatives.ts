import type { JsonKind, Shape } from './shape.ts'

/** The kind of JSON value that has a shape. */
const KINDS: ReadonlyMap<Shape['kind'], JsonKind> = new Map<Shape['kind'], JsonKind>([
  ['string', 'string'],
  ['long', 'number'],
  ['bool', 'boolean'],
  ['set', 'array'],
  ['record', 'object'],
])

/**
 * One shape for several that a value may have: texts alone, numbers alone, or a choice by the kind of
 * the value. Undefined when two of them are of one kind, or one is opaque.
 */
export function joinAlternatives(shapes: readonly [Shape, ...Shape[]]): Shape | undefined {
  const strings = shapes.filter((shape) => shape.kind === 'string')
  if (strings.length === shapes.length) return joinStrings(strings)
  const isNumeric = shapes.every(({ kind }) => kind === 'long')
  if (isNumeric) return { kind: 'long', fractions: true }
  const alternatives = new Map<JsonKind, Shape>()
  for (const shape of shapes) {
    const kind = KINDS.get(shape.kind)
    if (kind === undefined || alternatives.has(kind)) return undefined
    alternatives.set(kind, shape)
  }
  return { kind: 'choice', alternatives }
}

function joinStrings(shapes: readonly Extract<Shape, { kind: 'string' }>[]): Shape {
  const listed = shapes.flatMap(({ values }) => values ?? [])
  if (listed.length < shapes.length) return { kind: 'string' }
  return { kind: 'string', values: union(listed) }
}

function union(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  return sets.reduce((all, each) => all.union(each), new Set<string>())
}
