import { isJsonObject, type JsonValue } from '@warren/core'

const POINTER_LENGTH_MAX = 512

/**
 * What a `$ref` stands for: RFC 6901 as the fragment of a URI, into this one document, from object to
 * object. Undefined for every other reference, and where nothing stands.
 */
export function resolvePointer(root: JsonValue, reference: JsonValue): JsonValue | undefined {
  if (typeof reference !== 'string' || reference.length > POINTER_LENGTH_MAX) return undefined
  if (reference !== '#' && !reference.startsWith('#/')) return undefined
  let value: JsonValue | undefined = root
  for (const step of reference.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    value = isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
  }
  return value
}
