import type { CallLimit } from './call-limit.ts'
import type { PastFact } from './past-fact.ts'

/** What is declared of the behaviour of callers. */
export interface BehaviourRules {
  readonly limits: readonly CallLimit[]
  /** The window of the counts in `context.session`, in milliseconds. */
  readonly sessionWithinMs: number
  /** Facts of the past that rules can name, by their names. */
  readonly facts: ReadonlyMap<string, PastFact>
  /** How long a caller is kept out, in milliseconds. */
  readonly quarantineMs: number
}

/** Names in `context.session` that stand for what is counted whether or not it is declared. */
export const SESSION_COUNTS = [
  'sameCall',
  'pingPong',
  'errors',
  'calls',
  'fanOut',
  'bytesIn',
  'bytesOut',
  'concurrent',
] as const

/** The longest window: nothing older is remembered. */
export const WINDOW_MS_MAX = 86_400_000

/** How far back anything is asked for. What is open is remembered without a window. */
export function longestWindowMs({ limits, facts, sessionWithinMs }: BehaviourRules): number {
  const within = limits.filter(({ count }) => count !== 'concurrent')
  const windows = [...within, ...facts.values()].map(({ withinMs }) => withinMs)
  return Math.min(WINDOW_MS_MAX, Math.max(sessionWithinMs, ...windows))
}
