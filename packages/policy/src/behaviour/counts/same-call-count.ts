import type { ListedCalls } from './listed-calls.ts'
import type { Moment, RunningCount } from './running-count.ts'

/** How many calls within a window ask for the same as the one that is asked for. */
export class SameCallCount implements RunningCount {
  readonly #calls: ListedCalls
  readonly #withinMs: number

  constructor(calls: ListedCalls, withinMs: number) {
    this.#calls = calls
    this.#withinMs = withinMs
  }

  answer({ now, nowMs, except }: Moment): number {
    const { list, same } = this.#calls
    const sameness = this.#calls.samenessOf(now)
    if (sameness === undefined) return 1
    const from = list.firstAfter(nowMs - this.#withinMs)
    const isCounted = except?.call.sameness === sameness && except.position >= from
    return same.countFrom(sameness, from) + (isCounted ? 0 : 1)
  }
}
