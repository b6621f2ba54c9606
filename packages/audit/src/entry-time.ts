import { formatTimestamp, IdentityError, parseTimestamp } from '@warren/identity'
import { AuditError } from './audit-error.ts'

const US_PER_MS = 1000
const US_PER_SECOND = 1_000_000
const FRACTION_DIGITS = 6
/** The first microsecond of 2255, the last year of which a double cannot count all. */
const US_END = 8_993_721_600_000_000
/** `YYYY-MM-DDTHH:MM:SS`. */
const SECONDS_LENGTH = 19
const PATTERN =
  /^(?:(?:19[7-9]|2[01]\d|22[0-4])\d|225[0-4])-(?:0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z$/
/** Every month has as many days. */
const DAYS_IN_EVERY_MONTH = 28

/**
 * Writes microseconds since 1970 as `YYYY-MM-DDTHH:MM:SS.ffffffZ`, so that the order of texts is the order of times.
 *
 * @throws AuditError `time-malformed` before 1970, and from the year 2255 on
 */
export function formatMicros(us: number): string {
  if (!Number.isSafeInteger(us) || us < 0 || us >= US_END) {
    throw new AuditError('time-malformed', 'a time is whole microseconds of the years 1970 to 2254')
  }
  const seconds = formatTimestamp(Math.floor(us / US_PER_MS)).slice(0, SECONDS_LENGTH)
  return `${seconds}.${String(us % US_PER_SECOND).padStart(FRACTION_DIGITS, '0')}Z`
}

/**
 * Reads such a text as microseconds since 1970.
 *
 * @throws AuditError `time-malformed`
 */
export function parseMicros(text: string): number {
  if (!isMicros(text)) throw malformed()
  return secondsOf(text) * US_PER_SECOND + Number(text.slice(SECONDS_LENGTH + 1, -1))
}

/** Tells a time of an entry, of a day that the calendar has, from every other text. */
export function isMicros(text: string): boolean {
  const match = PATTERN.exec(text)
  if (match === null) return false
  // The calendar is asked on three days of a month; every entry is checked, and it costs more than all the rest.
  return Number(match[1]) <= DAYS_IN_EVERY_MONTH || isDate(text)
}

function isDate(text: string): boolean {
  try {
    secondsOf(text)
    return true
  } catch (error) {
    if (error instanceof IdentityError) return false
    throw error
  }
}

function secondsOf(text: string): number {
  return parseTimestamp(`${text.slice(0, SECONDS_LENGTH)}Z`) / 1000
}

function malformed(): AuditError {
  return new AuditError('time-malformed', 'a time is a real date "YYYY-MM-DDTHH:MM:SS.ffffffZ"')
}
