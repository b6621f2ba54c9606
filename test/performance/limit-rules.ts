import type { BehaviourRules, CallLimit } from '@warren/policy'

const SESSION_WITHIN_MS = 600_000
const COUNTS = ['calls', 'errors', 'sameCall', 'fanOut', 'bytesIn', 'bytesOut', 'pingPong'] as const

/** So many limits and facts, which mean every call and refuse none. */
export function limitsLike(limits: number, facts: number): BehaviourRules {
  return {
    limits: Array.from({ length: limits }, (_, index) => limitLike(index)),
    facts: new Map(
      Array.from({ length: facts }, (_, index) => [
        `fact${index}`,
        {
          ask: 'since',
          of: { state: 'answered' },
          unless: { state: 'error' },
          withinMs: SESSION_WITHIN_MS - index * 1000,
        },
      ]),
    ),
    sessionWithinMs: SESSION_WITHIN_MS,
    quarantineMs: 1000,
  }
}

function limitLike(index: number): CallLimit {
  return {
    id: `limit-${index}`,
    count: COUNTS[index % COUNTS.length] ?? 'calls',
    max: Number.MAX_SAFE_INTEGER,
    withinMs: SESSION_WITHIN_MS - index * 1000,
    actions: ['refuse'],
  }
}
