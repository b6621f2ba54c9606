import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'

/** Tells an array of strings, no longer than allowed, from every other value. */
export function isTextList(
  value: JsonValue | undefined,
  lengthMax: number,
): value is readonly string[] {
  return isList(value, lengthMax) && value.every((item) => typeof item === 'string')
}

/** Tells an array of objects, no longer than allowed, from every other value. */
export function isObjectList(
  value: JsonValue | undefined,
  lengthMax: number,
): value is readonly JsonObject[] {
  return isList(value, lengthMax) && value.every((item) => isJsonObject(item))
}

/** Whether an object has no other members than these. */
export function hasOnly(object: JsonObject, names: ReadonlySet<string>): boolean {
  return Object.keys(object).every((name) => names.has(name))
}

/** Whether a list holds each of its values once. */
export function isUnique(values: readonly string[]): boolean {
  return new Set(values).size === values.length
}

function isList(value: JsonValue | undefined, lengthMax: number): value is readonly JsonValue[] {
  return Array.isArray(value) && value.length <= lengthMax
}
