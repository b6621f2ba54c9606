import type { SessionFacts } from '../policy-request.ts'
import { type BehaviourRules, SESSION_COUNTS } from './behaviour-rules.ts'
import { MEASURES } from './measures.ts'
import { answerPast } from './past-fact.ts'
import type { AskedCall, SeenCall } from './seen-call.ts'

/** What rules see of a session: the counts with this call, and the facts that are declared, of the calls before it. */
export function sessionFacts(
  { sessionWithinMs, facts }: BehaviourRules,
  past: readonly SeenCall[],
  { now, nowMs }: { readonly now: AskedCall; readonly nowMs: number },
): SessionFacts {
  const within = past.filter(({ atMs }) => atMs > nowMs - sessionWithinMs)
  return Object.fromEntries([
    // What is open is open however long ago it began.
    ...SESSION_COUNTS.map((name) => {
      const counted = name === 'concurrent' ? past : within
      return [name, MEASURES[name](counted, now)] as const
    }),
    ...[...facts].map(([name, fact]) => [name, answerPast(fact, past, nowMs)] as const),
  ])
}
