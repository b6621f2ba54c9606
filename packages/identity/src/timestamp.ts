import { IdentityError } from './identity-error.ts'

const MS_PER_SECOND = 1000
const SECONDS_PER_DAY = 86_400
/** 9999-12-31T23:59:59Z: the last second that four digits of a year can write. */
const SECONDS_MAX = 253_402_300_799
const TIMESTAMP_PATTERN = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z$/

/** Days of 400 Gregorian years; days from 0000-03-01 to 1970-01-01. */
const DAYS_PER_ERA = 146_097
const DAYS_BEFORE_1970 = 719_468

/**
 * Writes a time as `YYYY-MM-DDTHH:MM:SSZ`, the only form that signed records use; parts of a second are cut off.
 *
 * @throws IdentityError `time-malformed` before 1970 and after 9999
 */
export function formatTimestamp(ms: number): string {
  const seconds = Math.floor(ms / MS_PER_SECOND)
  if (!Number.isFinite(seconds) || seconds < 0 || seconds > SECONDS_MAX) {
    throw new IdentityError('time-malformed', 'a time lies between the years 1970 and 9999')
  }
  const { year, month, day } = civilOf(Math.floor(seconds / SECONDS_PER_DAY))
  const second = seconds % SECONDS_PER_DAY
  const clock = [Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60]
  const date = [String(year).padStart(4, '0'), digits(month), digits(day)].join('-')
  return `${date}T${clock.map(digits).join(':')}Z`
}

/**
 * Reads `YYYY-MM-DDTHH:MM:SSZ` as milliseconds since 1970; a date that the calendar does not have is refused.
 *
 * @throws IdentityError `time-malformed`
 */
export function parseTimestamp(text: string): number {
  const match = TIMESTAMP_PATTERN.exec(text)
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = (match ?? [])
    .slice(1)
    .map(Number)
  const seconds =
    daysOf({ year, month, day }) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second
  const ms = seconds * MS_PER_SECOND
  // What does not come back as it was written is no date: 30 February, 24:00, 23:59:60.
  if (match === null || formatTimestamp(ms) !== text) {
    throw new IdentityError('time-malformed', 'a time is a real date "YYYY-MM-DDTHH:MM:SSZ"')
  }
  return ms
}

interface CivilDate {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  /** 1 to 31. */
  readonly day: number
}

/** The date of a day since 1970. Years start in March here, so that the leap day is the last of its year. */
function civilOf(days: number): CivilDate {
  const shifted = days + DAYS_BEFORE_1970
  const era = Math.floor(shifted / DAYS_PER_ERA)
  const dayOfEra = shifted - era * DAYS_PER_ERA
  const leapDays =
    Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096)
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365)
  const dayOfYear = dayOfEra - daysBeforeYear(yearOfEra)
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return { year, month, day: dayOfYear - daysBeforeMonth(shiftedMonth) + 1 }
}

/** The inverse of `civilOf`; of a date that does not exist, the day that lies as far from the first of its month. */
function daysOf({ year, month, day }: CivilDate): number {
  const shiftedYear = month <= 2 ? year - 1 : year
  const era = Math.floor(shiftedYear / 400)
  const dayOfYear = daysBeforeMonth((month + 9) % 12) + day - 1
  return era * DAYS_PER_ERA + daysBeforeYear(shiftedYear - era * 400) + dayOfYear - DAYS_BEFORE_1970
}

function daysBeforeYear(yearOfEra: number): number {
  return yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100)
}

/** Days before a month, counted from March = 0. */
function daysBeforeMonth(shiftedMonth: number): number {
  return Math.floor((153 * shiftedMonth + 2) / 5)
}

function digits(value: number): string {
  return String(value).padStart(2, '0')
}
