import type { SessionFacts } from '../../policy-request.ts'
import type { Breach } from '../call-limit.ts'
import { isTruth } from '../past-fact.ts'
import { isMeant } from '../seen-call.ts'
import type { CountPlan } from './count-plan.ts'
import type { ListedCalls } from './listed-calls.ts'
import { measureOf } from './measure-of.ts'
import { pastOf } from './past-of.ts'
import type { RememberedCall } from './remembered-call.ts'
import type { Moment, RunningCount } from './running-count.ts'

/** What limits, sessions and facts ask of the calls of one caller. */
export class DeclaredCounts {
  readonly plan: CountPlan
  readonly #limits: readonly RunningCount[]
  readonly #session: readonly RunningCount[]
  readonly #facts: readonly RunningCount[]

  /** Counts the calls that are listed. */
  constructor(plan: CountPlan, calls: ListedCalls) {
    const { limits, session, facts } = plan
    this.plan = plan
    this.#limits = limits.map(({ measure, window }) => measureOf(measure, window, calls))
    this.#session = session.map(({ measure, window }) => measureOf(measure, window, calls))
    this.#facts = facts.map(({ fact }) => pastOf(fact, calls))
    const { list } = calls
    for (let position = list.first; position < list.end; position += 1) {
      const call = list.at(position)
      if (call !== undefined) this.added(call, position)
    }
  }

  added(call: RememberedCall, position: number): void {
    this.#each((count) => count.added?.(call, position))
  }

  changed(before: RememberedCall, after: RememberedCall, position: number): void {
    this.#each((count) => count.changed?.(before, after, position))
  }

  letGo(nowMs: number): void {
    this.#each((count) => count.letGo?.(nowMs))
  }

  /** The limits that a call would go beyond, in the order in which they are declared. */
  breaches(moment: Moment, roles: readonly string[]): readonly Breach[] {
    return this.plan.rules.limits.flatMap((limit, index) => {
      const { server, tool, role, max } = limit
      if (!isMeant({ server, tool }, moment.now)) return []
      if (role !== undefined && !roles.includes(role)) return []
      const reached = Number(this.#limits[index]?.answer(moment))
      return reached > max ? [{ limit, reached }] : []
    })
  }

  /** What rules see: the counts with this call, and the facts that are declared, of the calls before it. */
  facts(moment: Moment): SessionFacts {
    return Object.fromEntries([
      ...this.plan.session.map(({ measure }, index) => {
        return [measure, this.#session[index]?.answer(moment) ?? 0] as const
      }),
      ...this.plan.facts.map(({ name, fact }, index) => {
        const answer = this.#facts[index]?.answer(moment) ?? 0
        return [name, isTruth(fact) ? Boolean(answer) : answer] as const
      }),
    ])
  }

  #each(tell: (count: RunningCount) => void): void {
    for (const count of this.#limits) tell(count)
    for (const count of this.#session) tell(count)
    for (const count of this.#facts) tell(count)
  }
}
