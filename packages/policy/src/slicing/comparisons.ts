import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'

type Scalar = string | number | boolean

/** A value that is understood; undefined where it is another one, or cannot be told, or where the engine would fail to evaluate what it is of. */
export type Known = Scalar | readonly Scalar[] | JsonObject | undefined

/**
 * What is longer is not known, and the engine is asked: callers write sets and texts, and rules are compared with them one
 * after the other, so that the time of one call would grow with both.
 */
export const SET_ELEMENTS_MAX = 64
export const TEXT_LENGTH_MAX = 256

type Compare = (left: Known, right: Known) => boolean | undefined

/** What the engine's operators say of two values, as far as they are texts, whole numbers, truth values or sets of them. */
export const COMPARISONS: ReadonlyMap<string, Compare> = new Map<string, Compare>([
  ['==', isEqual],
  ['!=', (left, right) => inverse(isEqual(left, right))],
  ['<', isLess],
  ['>=', (left, right) => inverse(isLess(left, right))],
  ['>', (left, right) => isLess(right, left)],
  ['<=', (left, right) => inverse(isLess(right, left))],
  ['contains', (set, value) => (isSet(set) && isScalar(value) ? set.includes(value) : undefined)],
  [
    'containsAll',
    (set, other) => (isSet(set) && isSet(other) ? containsAll(set, other) : undefined),
  ],
  [
    'containsAny',
    (set, other) => (isSet(set) && isSet(other) ? containsAny(set, other) : undefined),
  ],
])

/** A value as far as it is understood, looked at once, however many rules it is compared with. */
export function understood(value: JsonValue | undefined): Known {
  return isScalar(value) || isShortSet(value) || isJsonObject(value) ? value : undefined
}

/** Tells texts that are not long, truth values, and the whole numbers that are the same here and in the engine. */
function isScalar(value: unknown): value is Scalar {
  if (typeof value === 'string') return value.length <= TEXT_LENGTH_MAX
  return typeof value === 'boolean' || isWhole(value)
}

function isEqual(left: Known, right: Known): boolean | undefined {
  const isSameType = typeof left === typeof right
  return isSameType && isScalar(left) && isScalar(right) ? left === right : undefined
}

function isLess(left: Known, right: Known): boolean | undefined {
  return isWhole(left) && isWhole(right) ? left < right : undefined
}

function inverse(known: boolean | undefined): boolean | undefined {
  return known === undefined ? undefined : !known
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

function isShortSet(value: JsonValue | undefined): value is readonly Scalar[] {
  return Array.isArray(value) && value.length <= SET_ELEMENTS_MAX && value.every(isScalar)
}

function isSet(value: Known): value is readonly Scalar[] {
  return Array.isArray(value)
}

/** These two run for each rule of a set, and so make nothing that would have to be collected. */
function containsAll(set: readonly Scalar[], other: readonly Scalar[]): boolean {
  for (const value of other) if (!set.includes(value)) return false
  return true
}

function containsAny(set: readonly Scalar[], other: readonly Scalar[]): boolean {
  for (const value of other) if (set.includes(value)) return true
  return false
}
