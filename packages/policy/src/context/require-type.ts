import { isJsonObject } from '@warren/core'
import type { CedarType } from '../vocabulary/cedar-type.ts'

/**
 * Requires that a value is wholly of its declared type, as the engine does of what it is given.
 *
 * @throws TypeError since what does not fit was made by this node, and not by the caller
 */
export function requireType(type: CedarType, value: unknown): void {
  if (!isOfType(type, value))
    throw new TypeError('this node says of a call what it did not declare')
}

function isOfType(type: CedarType, value: unknown): boolean {
  if ('attributes' in type) return isJsonObject(value) && hasAttributes(type.attributes, value)
  if ('element' in type) {
    return Array.isArray(value) && value.every((each) => isOfType(type.element, each))
  }
  return Object.hasOwn(SCALARS, type.type) && typeof value === SCALARS[type.type]
}

const SCALARS: Readonly<Record<string, string>> = {
  String: 'string',
  Long: 'number',
  Boolean: 'boolean',
}

type Attributes = Extract<CedarType, { readonly attributes: unknown }>['attributes']

function hasAttributes(attributes: Attributes, record: object): boolean {
  const values = new Map(Object.entries(record))
  for (const [name, attribute] of Object.entries(attributes)) {
    const { required = true } = attribute
    const value: unknown = values.get(name)
    if (values.delete(name) ? !isOfType(attribute, value) : required) return false
  }
  return values.size === 0
}
