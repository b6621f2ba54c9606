import type { FreshnessJudgement } from '../freshness/freshness-judgement.ts'
import type { Standing } from './standing.ts'

/** As much of a judgement of freshness as a standing depends on. */
export type FreshnessView = Pick<FreshnessJudgement, 'state' | 'why'>

/** What is said of anybody by a node that may trust nothing that it knows, with what it would say otherwise. */
export interface StaleStanding {
  readonly status: 'stale'
  /** Why the knowledge is stale. */
  readonly why: FreshnessJudgement['why']
  /** What the set alone says. Admission goes by it: or a stale node could meet nobody who tells it more. */
  readonly standing: Standing
  readonly records: readonly string[]
}

/** How somebody stands for a node that knows how fresh its knowledge is. */
export type KnownStanding = Standing | StaleStanding

/** A standing as a node may rely on it: not at all where its knowledge is `stop`. */
export function inView(standing: Standing, { state, why }: FreshnessView): KnownStanding {
  if (state !== 'stop') return standing
  return { status: 'stale', why, standing, records: standing.records }
}
