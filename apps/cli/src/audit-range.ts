import type { EntryBound, EntryRange } from '@warren/node/audit'
import { CommandError } from './command-error.ts'

const PLACE = /^\d{1,15}$/
const TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?Z)?$/

/**
 * Reads `--from` and `--to`: the number of an entry, or a time in UTC such as `2026-11-28` or `2026-11-28T09:30Z`.
 *
 * @throws CommandError `usage`
 */
export function entryRange(from: string | undefined, to: string | undefined): EntryRange {
  const range = {
    ...(from === undefined ? {} : { from: boundOf(from) }),
    ...(to === undefined ? {} : { to: boundOf(to) }),
  }
  if (isInverted(range)) {
    throw new CommandError('usage', '--from lies behind --to: nothing can be between them')
  }
  return range
}

/** A number and a time cannot be compared without the log. */
function isInverted({ from, to }: EntryRange): boolean {
  if (from === undefined || to === undefined) return false
  if ('seq' in from) return 'seq' in to && from.seq > to.seq
  return 'at' in to && from.at > to.at
}

/**
 * Reads a time, in the form that entries have.
 *
 * @throws CommandError `usage`
 */
export function entryTime(text: string): string {
  const ms = TIME.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms)) throw notABound(text)
  const [, fraction = ''] = /\.(\d+)Z$/.exec(text) ?? []
  const [seconds = ''] = new Date(ms).toISOString().split('.')
  return `${seconds}.${fraction.padEnd(6, '0')}Z`
}

/**
 * Reads the number of an entry.
 *
 * @throws CommandError `usage`
 */
export function entryPlace(text: string): number {
  if (PLACE.test(text)) return Number(text)
  throw new CommandError('usage', `"${text.slice(0, 40)}" is not the number of an entry`)
}

function boundOf(text: string): EntryBound {
  return PLACE.test(text) ? { seq: Number(text) } : { at: entryTime(text) }
}

function notABound(text: string): CommandError {
  return new CommandError(
    'usage',
    `"${text.slice(0, 40)}" is neither the number of an entry nor a time in UTC (2026-11-28, 2026-11-28T09:30Z)`,
  )
}
