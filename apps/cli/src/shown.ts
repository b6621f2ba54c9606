import type { JsonValue } from '@warren/core'

/** A value of an answer as people read it. */
export function shown(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return '-'
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map((item: JsonValue) => shown(item)).join(', ')
  return JSON.stringify(value)
}
