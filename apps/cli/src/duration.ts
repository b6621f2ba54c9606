import { CommandError } from './command-error.ts'

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** Reads a duration such as `90s`, `15m`, `24h` or `7d`, up to the longest that is allowed, in milliseconds. */
export function parseDurationMs(text: string, longest: string): number {
  const durationMs = readDurationMs(text)
  if (durationMs >= 1000 && durationMs <= readDurationMs(longest)) return durationMs
  throw new CommandError('usage', `a duration is 1s to ${longest} here, not ${text}`)
}

function readDurationMs(text: string): number {
  const [, digits, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const factor = unit === undefined ? undefined : UNIT_MS[unit]
  if (digits === undefined || factor === undefined) {
    throw new CommandError(
      'usage',
      `"${text.slice(0, 20)}" is not a duration; write 90s, 15m, 24h or 7d`,
    )
  }
  return Number(digits) * factor
}
