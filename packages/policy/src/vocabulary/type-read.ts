import { type Reads, readsBelow } from '../context/context-reads.ts'
import type { CedarType } from './cedar-type.ts'

/** As much of a type as rules read: of a record the attributes that are read, anything else whole. */
export function typeRead(type: CedarType, reads: Reads): CedarType {
  if (!('attributes' in type)) return type
  const read = Object.entries(type.attributes).flatMap(([name, attribute]) => {
    const below = readsBelow(reads, name)
    const { required = true } = attribute
    return below === undefined ? [] : [[name, { ...typeRead(attribute, below), required }] as const]
  })
  return { type: 'Record', attributes: Object.fromEntries(read) }
}
