import type { JsonObject, JsonValue } from '@warren/core'

/**
 * The text of a value that goes into its digest, and that is kept where the value is.
 *
 * RFC 8785 and one rule more, for what it has no form for: a lone surrogate is written as its escape (`\ud800`), which
 * no well-formed string can give. A server that cuts a text in the middle of a character must not end its calls. Two
 * different values never have one text. Depth is bounded by whoever parsed the value.
 */
export function valueText(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (isList(value)) return `[${value.map(valueText).join(',')}]`
  return writeObject(value)
}

function writeObject(object: JsonObject): string {
  const parts: string[] = []
  // RFC 8785 §3.2.3: by UTF-16 code units.
  for (const key of Object.keys(object).toSorted()) {
    const member = object[key]
    if (member !== undefined) parts.push(`${JSON.stringify(key)}:${valueText(member)}`)
  }
  return `{${parts.join(',')}}`
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
