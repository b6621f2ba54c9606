import { BoundedMap, type Clock } from '@warren/core'
import { GRANTS_MAX } from './approval-limits.ts'
import type { ApprovalSubject } from './approval-subject.ts'

/** An approval that is good for more than one call. */
export interface Grant {
  /** The approval that it comes from. */
  readonly id: string
  readonly hash: string
  readonly subject: ApprovalSubject
  readonly timesLeft: number
  /** On the monotonic clock. */
  readonly untilMs: number
}

/** The approvals that are good for more calls: each for exactly what was approved, so often and so long. */
export class ApprovalGrants {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  /** By hash. The oldest goes first; without it somebody is asked again. */
  readonly #grants = new BoundedMap<string, Grant>(GRANTS_MAX)

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  add(grant: Grant): void {
    if (grant.timesLeft > 0) this.#grants.set(grant.hash, grant)
  }

  /** Uses one once, where there is one. */
  use(hash: string): string | undefined {
    const grant = this.list().find((each) => each.hash === hash)
    if (grant === undefined) return undefined
    const timesLeft = grant.timesLeft - 1
    if (timesLeft === 0) this.#grants.delete(hash)
    else this.#grants.set(hash, { ...grant, timesLeft })
    return grant.id
  }

  /** Takes one back. */
  withdraw(id: string): Grant | undefined {
    const grant = this.list().find((each) => each.id === id)
    if (grant !== undefined) this.#grants.delete(grant.hash)
    return grant
  }

  /** Takes all of them back that are such, or all. */
  clear(isSuch: (grant: Grant) => boolean = () => true): void {
    for (const grant of this.list()) if (isSuch(grant)) this.#grants.delete(grant.hash)
  }

  /** Those that are good now. */
  list(): readonly Grant[] {
    const nowMs = this.#clock.monotonicMs()
    const all = [...this.#grants.values()]
    for (const { hash, untilMs } of all) if (untilMs <= nowMs) this.#grants.delete(hash)
    return all.filter(({ untilMs }) => untilMs > nowMs)
  }
}
