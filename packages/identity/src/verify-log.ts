import type { CryptoSuite } from '@warren/crypto'
import { checkAgainstKnown } from './compare-logs.ts'
import type { DidLog, VerifiedLog } from './did-log.ts'
import { IdentityError } from './identity-error.ts'
import { type LogEntry, parseLogEntry, writeLogEntry } from './log-entry.ts'
import { scidOf } from './did.ts'
import { parseTimestamp } from './timestamp.ts'
import { verifyEntry } from './verify-entry.ts'

const LOG_LENGTH_MAX = 1024 * 1024
const ENTRIES_MAX = 512
/** How far the clocks of two nodes may differ (did:webvh 1.0 §3.7.3 forbids entries of the future). */
const CLOCK_SKEW_MAX_MS = 5 * 60 * 1000
const NOTHING: DidLog = { entries: [], text: '' }

export interface VerifyLogInput {
  readonly suite: CryptoSuite
  /** The whole log as it travels, from anybody. */
  readonly text: string
  /** Milliseconds since 1970 by our own clock. */
  readonly nowMs: number
  /** The log of this DID that was verified before: it was seen first, so it stands. */
  readonly known?: VerifiedLog
}

/**
 * Verifies the log of a DID; of a known log only the entries that are new.
 *
 * Nobody is asked and nothing is fetched. A log that ends before the known one is a rollback, one that contradicts it
 * a fork: both are refused, and the known log stands.
 *
 * @throws IdentityError for every text that is not a valid log of our profile; LogForkError with both entries as evidence
 */
export function verifyLog(input: VerifyLogInput): VerifiedLog {
  const { text, known } = input
  const lines = splitLines(text)
  if (known === undefined) return verifyOnto(NOTHING, lines, input)
  if (text === known.text) return known
  if (text.startsWith(known.text)) {
    return verifyOnto(known, lines.slice(known.version), input)
  }
  // Only a log that is valid on its own is evidence against its DID: anybody can write an invalid one.
  // What was seen first stands whatever our clock says now, so the comparison asks for no time.
  const newer = checkAgainstKnown(known, verifyEntries([], lines, input.suite))
  return verifyOnto(known, newer.map(writeLogEntry), input)
}

function splitLines(text: string): readonly string[] {
  if (text.length > LOG_LENGTH_MAX) {
    throw new IdentityError('log-too-long', `a log has at most ${LOG_LENGTH_MAX} characters`)
  }
  const lines = text.split('\n', ENTRIES_MAX + 2)
  if (lines.length > ENTRIES_MAX + 1) {
    throw new IdentityError('log-too-long', `a log has at most ${ENTRIES_MAX} entries`)
  }
  if (lines.length < 2 || lines.at(-1) !== '') {
    throw new IdentityError('log-malformed', 'a log is lines that each end with a line feed')
  }
  return lines.slice(0, -1)
}

/** Verifies lines that follow the entries of a verified log. */
function verifyOnto(
  verified: DidLog,
  lines: readonly string[],
  { suite, nowMs }: VerifyLogInput,
): VerifiedLog {
  const entries = verifyEntries(verified.entries, lines, suite)
  const verifiedCount = verified.entries.length
  const inForce = Math.max(verifiedCount, countInForce(entries, nowMs))
  const added = lines.slice(0, inForce - verifiedCount).map((line) => `${line}\n`)
  return describe({
    entries: entries.slice(0, inForce),
    pending: entries.slice(inForce),
    text: verified.text + added.join(''),
  })
}

/** The entries before and those of the lines, each of which may follow the one before it; time is not judged. */
function verifyEntries(
  before: readonly LogEntry[],
  lines: readonly string[],
  suite: CryptoSuite,
): readonly LogEntry[] {
  const entries = [...before]
  for (const line of lines) {
    const entry = parseLogEntry(line, entries.length + 1)
    verifyEntry(suite, entries, entry)
    entries.push(entry)
  }
  return entries
}

function countInForce(entries: readonly LogEntry[], nowMs: number): number {
  // Giving a DID up takes rights away and gives none, so it waits for no clock.
  if (entries.at(-1)?.parameters.deactivated === true) return entries.length
  const latestMs = nowMs + CLOCK_SKEW_MAX_MS
  return entries.filter(({ versionTime }) => parseTimestamp(versionTime) <= latestMs).length
}

function describe(log: DidLog & { readonly pending: readonly LogEntry[] }): VerifiedLog {
  const last = log.entries.at(-1)
  if (last === undefined) {
    throw new IdentityError('entry-in-future', 'the log begins in the future, or our clock is slow')
  }
  return {
    ...log,
    did: last.state.id,
    scid: scidOf(last.state.id),
    head: last.versionId,
    version: log.entries.length,
    updatedMs: parseTimestamp(last.versionTime),
    document: last.state,
    deactivated: last.parameters.deactivated === true,
  }
}
