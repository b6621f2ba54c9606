import type { Refusal } from '@warren/mcp'
import type { Breach, Measure } from '@warren/policy'

const CODES: { readonly [measure in Measure]: string } = {
  calls: 'budget-calls',
  bytesIn: 'budget-bytes-in',
  bytesOut: 'budget-bytes-out',
  errors: 'budget-errors',
  sameCall: 'budget-same-call',
  pingPong: 'budget-ping-pong',
  fanOut: 'budget-fan-out',
  concurrent: 'budget-concurrent',
}
const WORDS: { readonly [measure in Measure]: string } = {
  calls: 'calls',
  bytesIn: 'bytes in calls',
  bytesOut: 'bytes in answers',
  errors: 'calls that fail',
  sameCall: 'calls with the same arguments',
  pingPong: 'calls to and fro between two tools',
  fanOut: 'different tools',
  concurrent: 'calls at a time',
}
const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

/** The refusal of a call that goes beyond a limit: it says which, and what is allowed. */
export function beyondLimit({ limit }: Breach): Refusal {
  const { id, count, max, withinMs } = limit
  const within = count === 'concurrent' ? '' : ` in ${durationOf(withinMs)}`
  return {
    allowed: false,
    code: CODES[count],
    sentence: `refused by limit "${id}": at most ${max} ${WORDS[count]}${within}`,
  }
}

/** The refusal of everything that somebody asks for who is kept out. */
export function keptOut(untilMs: number): Refusal {
  const until = new Date(untilMs).toISOString().replace(/\.\d{3}Z$/, 'Z')
  return {
    allowed: false,
    code: 'caller-kept-out',
    sentence: `refused: the node that owns this tool answers nothing of yours before ${until}; its administrator can end that sooner`,
  }
}

/** Of calls that cannot be counted none goes on. */
export const UNCOUNTED: Refusal = {
  allowed: false,
  code: 'budget-unavailable',
  sentence:
    'refused: the node that owns this tool cannot count this call, and lets none go on that it cannot count; its administrator sees why with "warren limits"',
}

/** A window as it is written in `limits.yaml`. */
export function durationOf(ms: number): string {
  if (ms % HOUR_MS === 0) return `${ms / HOUR_MS}h`
  return ms % MINUTE_MS === 0 ? `${ms / MINUTE_MS}m` : `${Math.round(ms / SECOND_MS)}s`
}
