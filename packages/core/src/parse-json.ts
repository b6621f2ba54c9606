import { JsonError } from './json-error.ts'
import type { JsonObject, JsonValue } from './json-value.ts'

/** How large and how deep a text may be. */
export interface JsonLimits {
  /** UTF-16 code units of the text. */
  readonly lengthMax: number
  /** Nesting of objects and arrays; a scalar alone has depth 0. */
  readonly depthMax: number
  /** Members of all objects and items of all arrays together. */
  readonly keysMax: number
}

const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/**
 * Parses JSON from outside: length first, then depth by a scan without recursion, then content.
 *
 * Numbers that a double cannot hold exactly as written (integers beyond 2^53 - 1, overflow) and
 * keys that address a prototype are refused instead of being altered silently. Of duplicate keys
 * the last one wins, as in every JSON parser here; nobody forwards the received text, so the
 * parsed value is the only one there is.
 *
 * @throws JsonError
 */
export function parseJson(text: string, limits: JsonLimits): JsonValue {
  if (text.length > limits.lengthMax) {
    throw new JsonError('json-too-long', `the text has more than ${limits.lengthMax} characters`)
  }
  checkDepth(text, limits.depthMax)
  const value = parse(text)
  checkContent(value, limits.keysMax)
  return value
}

function parse(text: string): JsonValue {
  try {
    const value: JsonValue = JSON.parse(text)
    return value
  } catch {
    // The parser's message would quote the text, which is a stranger's.
    throw new JsonError('json-malformed', 'the text is not JSON')
  }
}

/** Looks at every value once, without recursion; a reviver would do the same at three times the cost. */
function checkContent(root: JsonValue, keysMax: number): void {
  const waiting: JsonValue[] = [root]
  let keys = 0
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value === 'number') requireExact(value)
    if (typeof value !== 'object' || value === null) continue
    const items = itemsOf(value)
    keys += items.length
    if (keys > keysMax) throw tooManyKeys(keysMax)
    for (const item of items) {
      if (typeof item === 'object' || typeof item === 'number') waiting.push(item)
    }
  }
}

function itemsOf(value: JsonObject | readonly JsonValue[]): readonly JsonValue[] {
  if (isArray(value)) return value
  for (const key of Object.keys(value)) {
    if (FORBIDDEN_KEYS.has(key)) {
      throw new JsonError('json-forbidden-key', `the key "${key}" is not allowed`)
    }
  }
  return Object.values(value)
}

function isArray(value: JsonObject | readonly JsonValue[]): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function requireExact(value: number): void {
  if (!isExact(value)) {
    throw new JsonError('json-number-inexact', 'a number is out of the exact range')
  }
}

function tooManyKeys(keysMax: number): JsonError {
  return new JsonError('json-too-many-keys', `the text has more than ${keysMax} members`)
}

function isExact(value: number): boolean {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
}

function checkDepth(text: string, depthMax: number): void {
  let depth = 0
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index)
    if (unit === QUOTE) {
      index = endOfString(text, index)
    } else if (unit === OPEN_BRACE || unit === OPEN_BRACKET) {
      depth += 1
      if (depth > depthMax) {
        throw new JsonError('json-too-deep', `the text is nested deeper than ${depthMax} levels`)
      }
    } else if (unit === CLOSE_BRACE || unit === CLOSE_BRACKET) {
      depth -= 1
    }
  }
}

/** The index of the quote that ends the string which starts at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (
    let index = text.indexOf('"', start + 1);
    index !== -1;
    index = text.indexOf('"', index + 1)
  ) {
    let backslashes = 0
    while (text.charCodeAt(index - 1 - backslashes) === BACKSLASH) backslashes += 1
    if (backslashes % 2 === 0) return index
  }
  return text.length
}
