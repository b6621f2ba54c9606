import { isJsonObject, type JsonValue } from '@warren/core'

/** Whether a value is what a member may hold. */
export type Check = (value: JsonValue) => boolean

/** A member that an object must have, or may have. */
export interface MemberRule {
  readonly check: Check
  readonly isOptional: boolean
}

/** The members of an object: these and no others. */
export interface Members {
  readonly rules: ReadonlyMap<string, MemberRule>
  /** How many of them must be there. */
  readonly requiredCount: number
}

/** Marks a member that may be absent. */
export interface Optional {
  readonly optional: Check
}

export const optional = (check: Check): Optional => ({ optional: check })

/** The members of an object from a table; a plain check stands for a member that must be there. */
export function members(table: Readonly<Record<string, Check | Optional>>): Members {
  const rules = new Map<string, MemberRule>()
  for (const [name, rule] of Object.entries(table)) {
    if (typeof rule === 'function') rules.set(name, { check: rule, isOptional: false })
    else rules.set(name, { check: rule.optional, isOptional: true })
  }
  const required = [...rules.values()].filter(({ isOptional }) => !isOptional)
  return { rules, requiredCount: required.length }
}

/** Whether an object has exactly such members. One pass, since every entry that is verified goes through it. */
export function hasMembers(value: JsonValue, { rules, requiredCount }: Members): boolean {
  if (!isJsonObject(value)) return false
  let required = 0
  for (const name of Object.keys(value)) {
    const rule = rules.get(name)
    const member = value[name]
    if (rule === undefined || member === undefined || !rule.check(member)) return false
    if (!rule.isOptional) required += 1
  }
  return required === requiredCount
}

/** Well-formed text of at most so many UTF-16 code units. */
export function text(lengthMax: number): Check {
  return (value) => typeof value === 'string' && value.length <= lengthMax && value.isWellFormed()
}

/** Text of one form; the pattern bounds its length. */
export function matching(pattern: RegExp): Check {
  return (value) => typeof value === 'string' && pattern.test(value)
}

/** One of some fixed values. */
export function oneOf(...values: readonly (string | number | boolean)[]): Check {
  return (value) => values.some((each) => each === value)
}

/** A count: a whole number from 0 up that a double holds exactly. */
export const count: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0

/** A whole number from 1 up. */
export const positive: Check = (value) => value !== 0 && count(value)

/** Either of two. */
export function either(first: Check, second: Check): Check {
  return (value) => first(value) || second(value)
}

/** A list of at most so many items. */
export function listOf(check: Check, lengthMax: number): Check {
  return (value) => isList(value) && value.length <= lengthMax && value.every((item) => check(item))
}

/** An object of these members. */
export function objectOf(table: Readonly<Record<string, Check | Optional>>): Check {
  const rules = members(table)
  return (value) => hasMembers(value, rules)
}

/** A place and one that lies behind it. */
export const range: Check = (value) => {
  if (!isList(value) || value.length !== 2) return false
  const [from, to] = value
  return typeof from === 'number' && typeof to === 'number' && count(from) && count(to) && from < to
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
