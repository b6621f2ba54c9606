import { type Reads, readsBelow } from '../context/context-reads.ts'
import { BOOL, type CedarType, LONG, recordType, STRING } from './cedar-type.ts'
import { type Field, isSure, type RecordShape, type Shape } from './shape.ts'

const SCALARS = { string: STRING, long: LONG, bool: BOOL }

/** The Cedar type of what rules read of an object; what is opaque or not read has no place in it. */
export function inputType(shape: RecordShape, reads: Reads): CedarType {
  const required: [string, CedarType][] = []
  const optional: [string, CedarType][] = []
  for (const [name, field, below] of fieldsRead(shape, reads)) {
    const attributes = isSure(field) ? required : optional
    attributes.push([name, typeOf(field.shape, below)])
  }
  return recordType(required, optional)
}

/** The fields of an object that rules read, and what of each. */
export function fieldsRead(
  { fields }: RecordShape,
  reads: Reads,
): readonly (readonly [name: string, field: Field, reads: Reads])[] {
  return [...fields].flatMap(([name, field]) => {
    const below = field.shape.kind === 'opaque' ? undefined : readsBelow(reads, name)
    return below === undefined ? [] : [[name, field, below] as const]
  })
}

function typeOf(shape: Shape, reads: Reads): CedarType {
  if (shape.kind === 'record') return inputType(shape, reads)
  if (shape.kind === 'choice') return recordType([], choiceTypes(shape.alternatives))
  if (shape.kind === 'set') return { type: 'Set', element: typeOf(shape.element, 'all') }
  // What is opaque is read nowhere.
  return shape.kind === 'opaque' ? recordType([]) : SCALARS[shape.kind]
}

function choiceTypes(
  alternatives: ReadonlyMap<string, Shape>,
): readonly (readonly [string, CedarType])[] {
  return [...alternatives].map(([kind, shape]) => [kind, typeOf(shape, 'all')])
}
