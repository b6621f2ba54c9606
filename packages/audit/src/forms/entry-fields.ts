import { canonicalJson, type JsonValue } from '@warren/core'
import type { Entry } from '../entry.ts'

/** Members that every form has a place of its own for. */
const PLACED: ReadonlySet<string> = new Set(['v', 'at', 'kind', 'node', 'boot'])

/** What an entry says beyond time, node and kind, as names and texts; what is no scalar stands there as JSON. */
export function entryFields(entry: Entry): readonly (readonly [string, string])[] {
  return Object.entries(entry)
    .filter(([name]) => !PLACED.has(name))
    .map(([name, value]) => [name, textOf(value)])
}

function textOf(value: JsonValue): string {
  if (typeof value === 'string') return value
  return typeof value === 'object' ? canonicalJson(value) : String(value)
}
