import {
  canonicalJson,
  isJsonObject,
  JsonError,
  type JsonObject,
  type JsonValue,
  parseCanonicalJson,
} from '@warren/core'
import { type DidDocument, parseDidDocument } from './did-document.ts'
import { IdentityError } from './identity-error.ts'
import { hasOnly } from './json-shape.ts'
import { type LogParameters, parseLogParameters } from './log-parameters.ts'
import { parseProofs, type Proof } from './proof.ts'
import { parseTimestamp } from './timestamp.ts'

/** One entry of a did:webvh 1.0 log: a version of the document, and the proof that it may follow the one before. */
export type LogEntry = JsonObject & {
  /** `<number>-<hash>`; the first entry has number 1. */
  readonly versionId: string
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  readonly versionTime: string
  readonly parameters: LogParameters
  readonly state: DidDocument
  readonly proof: readonly [Proof]
}

/** What stands in place of the SCID while the SCID is computed (did:webvh 1.0 §3.6). */
export const SCID_PLACEHOLDER = '{SCID}'

const ENTRY_LENGTH_MAX = 16 * 1024
const LIMITS = { lengthMax: ENTRY_LENGTH_MAX, depthMax: 16, keysMax: 1024 }
const MEMBERS: ReadonlySet<string> = new Set([
  'versionId',
  'versionTime',
  'parameters',
  'state',
  'proof',
])
const VERSION_ID_PATTERN = /^([1-9]\d{0,2})-(Qm[1-9A-HJ-NP-Za-km-z]{44})$/

/**
 * Reads one line of a log: its shape alone, which is what can be judged without the entries before it.
 *
 * @throws IdentityError `entry-malformed`, `entry-out-of-order` when it has not that number, `log-off-profile`, and
 * those of documents and proofs
 */
export function parseLogEntry(line: string, number: number): LogEntry {
  const value = parseLine(line)
  if (!isJsonObject(value) || !hasOnly(value, MEMBERS)) throw malformed()
  const { versionId, versionTime, parameters, state, proof } = value
  if (!isJsonObject(parameters) || !isJsonObject(state)) throw malformed()
  if (typeof versionId !== 'string' || typeof versionTime !== 'string') throw malformed()
  parseTimestamp(versionTime)
  if (VERSION_ID_PATTERN.exec(versionId)?.[1] !== String(number)) {
    throw new IdentityError('entry-out-of-order', 'an entry has not the number of its place')
  }
  if (!Array.isArray(proof)) throw malformed()
  const [only, ...others] = parseProofs(proof)
  if (only === undefined || others.length > 0) throw malformed()
  return {
    versionId,
    versionTime,
    parameters: parseLogParameters(parameters, number),
    state: parseDidDocument(state),
    proof: [only],
  }
}

/** The hash that the versionId of an entry carries. */
export function hashOfVersionId(versionId: string): string {
  return VERSION_ID_PATTERN.exec(versionId)?.[2] ?? ''
}

/** The line of an entry, without its end. */
export function writeLogEntry(entry: LogEntry): string {
  return canonicalJson(entry)
}

function parseLine(line: string): JsonValue {
  if (line.includes(SCID_PLACEHOLDER)) {
    // Put back in place of the SCID it would give a second first entry with the same SCID.
    throw malformed()
  }
  try {
    return parseCanonicalJson(line, LIMITS)
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw new IdentityError('entry-malformed', 'an entry is not canonical JSON', { cause })
  }
}

function malformed(): IdentityError {
  return new IdentityError('entry-malformed', 'an entry has not the shape of a log entry')
}
