import { isJsonObject, JsonError, type JsonValue, parseJson } from '@warren/core'
import { FactFlaw } from '../fact-flaw.ts'

/** What an argument holds whose text is JSON; Cedar type `JsonFact`. */
export interface JsonFact {
  readonly ok: true
  readonly kind: 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null'
  readonly length: number
  /** The names of the members of the outermost object; empty for anything else. */
  readonly members: readonly string[]
}

const LIMITS = { lengthMax: 65_536, depthMax: 32, keysMax: 4096 }
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g

/**
 * Reads an argument whose text is JSON, and refuses a text of which two parsers may read two
 * values: with a name that stands twice in one object, or a number that a double cannot hold.
 *
 * @throws FactFlaw
 */
export function readJson(text: string): JsonFact {
  const value = parse(text)
  if (membersIn(value) !== namesIn(text)) {
    throw new FactFlaw('fact-json-malformed', 'holds an object with one name twice')
  }
  const members = isJsonObject(value) ? Object.keys(value) : []
  return Object.freeze({
    ok: true,
    kind: kindOf(value),
    length: text.length,
    members: Object.freeze(members),
  })
}

function parse(text: string): JsonValue {
  try {
    return parseJson(text, LIMITS)
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw new FactFlaw('fact-json-malformed', `is not JSON that can be told: ${cause.message}`, {
      cause,
    })
  }
}

/** How many names are written; the text is known to be JSON. */
function namesIn(text: string): number {
  return text
    .matchAll(STRING)
    .reduce((names, [, colon]) => names + (colon === undefined ? 0 : 1), 0)
}

/** How many names have survived parsing, where the last one of its name wins. */
function membersIn(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 0
  const inner = Object.values(value).reduce(
    (sum: number, each: JsonValue) => sum + membersIn(each),
    0,
  )
  return isJsonObject(value) ? inner + Object.keys(value).length : inner
}

function kindOf(value: JsonValue): JsonFact['kind'] {
  if (value === null) return 'null'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'number') return 'number'
  if (typeof value === 'boolean') return 'boolean'
  return isJsonObject(value) ? 'object' : 'array'
}
