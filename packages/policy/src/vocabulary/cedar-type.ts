import type { Type, TypeOfAttribute } from '@cedar-policy/cedar-wasm/nodejs'

export type CedarType = Type<string>
type CedarAttributes = Record<string, TypeOfAttribute<string>>

export const STRING: CedarType = { type: 'String' }
export const LONG: CedarType = { type: 'Long' }
export const BOOL: CedarType = { type: 'Boolean' }
export const STRINGS: CedarType = { type: 'Set', element: STRING }
export const DATETIME: CedarType = { type: 'Extension', name: 'datetime' }

/** The type of a record. Attributes of `optional` may be absent; an attribute of both is optional. */
export function recordType(
  required: Iterable<readonly [string, CedarType]>,
  optional: Iterable<readonly [string, CedarType]> = [],
): CedarType {
  const attributes: CedarAttributes = Object.fromEntries([
    ...[...required].map(([name, type]) => [name, { ...type, required: true }] as const),
    ...[...optional].map(([name, type]) => [name, { ...type, required: false }] as const),
  ])
  return { type: 'Record', attributes }
}
