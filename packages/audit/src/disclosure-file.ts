import { canonicalJson, isJsonObject, JsonError, type JsonObject, parseJson } from '@warren/core'
import { AuditError } from './audit-error.ts'
import type { Disclosure } from './disclosure.ts'

/** A disclosure on its way to somebody who has the log. */
export interface DisclosureFile extends Disclosure {
  /** DID of the node whose log it is. */
  readonly node: string
  /** The place of the entry. */
  readonly seq: number
}

const FORMAT = 'warren-audit-disclosure/v1'
/** Characters; a value is as long as a message may be, and is written into a JSON string. */
export const DISCLOSURE_LENGTH_MAX: number = 32 * 1_048_576
const MEMBERS = ['format', 'node', 'path', 'salt', 'seq', 'text']
const LIMITS = { lengthMax: DISCLOSURE_LENGTH_MAX, depthMax: 1, keysMax: MEMBERS.length }

/** Writes a disclosure down: one line of canonical JSON. */
export function formatDisclosure({ node, seq, path, text, salt }: DisclosureFile): string {
  return canonicalJson({ format: FORMAT, node, seq, path, text, salt })
}

/**
 * Reads a disclosure that came from anybody. Whether it is true is for `verifyDisclosure` to say.
 *
 * @throws AuditError `disclosure-malformed`
 */
export function parseDisclosure(file: string): DisclosureFile {
  const { format, node, seq, path, text, salt, ...more } = objectIn(file)
  if (format !== FORMAT) throw malformed(`it is not of the form ${FORMAT}`)
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 0) {
    throw malformed('"seq" is the place of an entry')
  }
  if (
    typeof node !== 'string' ||
    typeof path !== 'string' ||
    typeof text !== 'string' ||
    typeof salt !== 'string'
  ) {
    throw malformed('"node", "path", "text" and "salt" are texts')
  }
  if (Object.keys(more).length > 0) throw malformed(`it has nothing but ${MEMBERS.join(', ')}`)
  return { node, seq, path, text, salt }
}

function objectIn(file: string): JsonObject {
  try {
    const value = parseJson(file, LIMITS)
    if (isJsonObject(value)) return value
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw malformed(cause.message, cause)
  }
  throw malformed('it is a JSON object')
}

function malformed(reason: string, cause?: unknown): AuditError {
  return new AuditError('disclosure-malformed', `this is no disclosed value: ${reason}`, { cause })
}
