import { JsonError } from './json-error.ts'
import type { JsonValue } from './json-value.ts'
import { type JsonLimits, parseJson } from './parse-json.ts'

const DEPTH_MAX = 64

/**
 * Writes the canonical form of a JSON value (RFC 8785).
 *
 * Refuses what has no canonical form or what JSON would alter in silence: lone surrogates,
 * `undefined`, numbers that are not finite, integers beyond 2^53 - 1.
 *
 * @throws JsonError
 */
export function canonicalJson(value: JsonValue): string {
  return write(value, 0)
}

/**
 * Reads a text that must be its own canonical form, so that two readers cannot see two documents
 * under one signature (duplicate keys, other orders, other escapes).
 *
 * @throws JsonError
 */
export function parseCanonicalJson(text: string, limits: JsonLimits): JsonValue {
  const value = parseJson(text, limits)
  if (canonicalJson(value) !== text) {
    throw new JsonError('json-not-canonical', 'the text is not in canonical form (RFC 8785)')
  }
  return value
}

function write(value: JsonValue | undefined, depth: number): string {
  if (depth > DEPTH_MAX) {
    throw new JsonError('json-too-deep', `the value is nested deeper than ${DEPTH_MAX} levels`)
  }
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return writeNumber(value)
  if (typeof value === 'string') return writeString(value)
  if (typeof value !== 'object') {
    throw new JsonError('json-not-json', `a value of type ${typeof value} is not JSON`)
  }
  if (isArray(value)) return `[${value.map((item) => write(item, depth + 1)).join(',')}]`
  // RFC 8785 §3.2.3 sorts by UTF-16 code units, which is what `sort` without an argument does.
  const members = Object.keys(value)
    .toSorted()
    .map((key) => `${writeString(key)}:${write(value[key], depth + 1)}`)
  return `{${members.join(',')}}`
}

function isArray(value: object): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function writeNumber(value: number): string {
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
    throw new JsonError('json-number-inexact', 'a number is out of the exact range')
  }
  return JSON.stringify(value)
}

function writeString(value: string): string {
  if (!value.isWellFormed()) {
    throw new JsonError('json-not-well-formed', 'a string holds a lone surrogate')
  }
  return JSON.stringify(value)
}
