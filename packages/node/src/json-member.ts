import { isJsonObject, type JsonValue } from '@warren/core'
import { NodeError } from './node-error.ts'

/** The text that an answer of the node has under a key. */
export function textMember(value: JsonValue, key: string): string {
  const member = isJsonObject(value) ? value[key] : undefined
  if (typeof member === 'string') return member
  throw new NodeError('control-malformed', `the node's answer has no text "${key}"`)
}

/** The list that an answer of the node has under a key. */
export function listMember(value: JsonValue, key: string): readonly JsonValue[] {
  const member = isJsonObject(value) ? value[key] : undefined
  if (Array.isArray(member)) return member.map((item: JsonValue) => item)
  throw new NodeError('control-malformed', `the node's answer has no list "${key}"`)
}

/** The number that an answer of the node has under a key. */
export function numberMember(value: JsonValue, key: string): number {
  const member = isJsonObject(value) ? value[key] : undefined
  if (typeof member === 'number') return member
  throw new NodeError('control-malformed', `the node's answer has no number "${key}"`)
}
