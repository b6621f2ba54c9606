import {
  canonicalJson,
  isJsonObject,
  JsonError,
  type JsonObject,
  type JsonValue,
} from '@warren/core'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { AuditError } from './audit-error.ts'
import { ENTRY_MEMBERS } from './entry-rules.ts'
import type { Entry } from './entry.ts'
import { hasMembers } from './member-rules.ts'

/** What a C2SP entry bundle can hold: its lengths have 16 bits. */
export const ENTRY_BYTES_MAX = 65_535

/**
 * Writes an entry as the bytes that are hashed, stored and never written anew: canonical JSON (RFC 8785) in UTF-8.
 *
 * @throws AuditError `entry-malformed`, `entry-too-large`
 */
export function encodeEntry(entry: Entry): Uint8Array {
  if (!isEntry(entry)) throw malformed()
  const bytes = fromString(canonicalText(entry), 'utf8')
  if (bytes.length > ENTRY_BYTES_MAX) throw tooLarge()
  return bytes
}

/**
 * Reads the bytes of an entry: length, UTF-8, JSON, exactly the members of its kind, and the one way to write them.
 *
 * @throws AuditError `entry-too-large`, `entry-malformed`, `entry-not-canonical`
 */
export function decodeEntry(bytes: Uint8Array): Entry {
  if (bytes.length > ENTRY_BYTES_MAX) throw tooLarge()
  const text = toString(bytes, 'utf8')
  const entry = parse(text)
  if (!isEntry(entry)) throw malformed()
  // Members in order, and the text that comes out again: that is RFC 8785 for whatever passes the rules of an entry.
  // What was no UTF-8 has become U+FFFD, and so longer or other bytes.
  if (!isOrdered(entry) || JSON.stringify(entry) !== text || !isUtf8Of(text, bytes)) {
    throw new AuditError('entry-not-canonical', 'the entry is not in canonical form (RFC 8785)')
  }
  return entry
}

function isEntry(value: unknown): value is Entry {
  if (!isJsonObject(value) || typeof value['kind'] !== 'string') return false
  const rules = ENTRY_MEMBERS.get(value['kind'])
  return rules !== undefined && hasMembers(value, rules)
}

/** The rules of an entry bound depth and members, so nothing here needs limits beyond the length. */
function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    throw malformed()
  }
}

function canonicalText(entry: Entry): string {
  try {
    return canonicalJson(entry)
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw new AuditError('entry-malformed', 'the entry has no canonical form', { cause })
  }
}

function isOrdered(value: JsonObject | readonly JsonValue[]): boolean {
  if (isList(value)) return value.every((item) => typeof item !== 'object' || isOrderedMember(item))
  let last = ''
  for (const key of Object.keys(value)) {
    if (key <= last) return false
    const member = value[key]
    if (typeof member === 'object' && !isOrderedMember(member)) return false
    last = key
  }
  return true
}

function isOrderedMember(member: JsonValue): boolean {
  return typeof member !== 'object' || member === null || isOrdered(member)
}

function isUtf8Of(text: string, bytes: Uint8Array): boolean {
  if (!text.includes('\uFFFD')) return true
  const written = fromString(text, 'utf8')
  return written.length === bytes.length && written.every((byte, index) => byte === bytes[index])
}

function isList(value: JsonObject | readonly JsonValue[]): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function malformed(): AuditError {
  return new AuditError('entry-malformed', 'this is not an entry of an audit log')
}

function tooLarge(): AuditError {
  return new AuditError('entry-too-large', `an entry has at most ${ENTRY_BYTES_MAX} bytes`)
}
