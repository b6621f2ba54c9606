import { isMeant, isSameTool } from '../seen-call.ts'
import type { CallList } from './call-list.ts'
import type { RememberedCall } from './remembered-call.ts'
import type { Moment, RunningCount } from './running-count.ts'
import type { UsedTools } from './used-tools.ts'
import type { Window } from './window-sum.ts'

/**
 * How many different tools the calls within a window are of. A tool comes with a call that has none of the same tool
 * before it within the window, and goes with its last one.
 */
export class DistinctTools implements RunningCount {
  readonly #list: CallList
  readonly #tools: UsedTools
  readonly #window: Window
  #from: number
  #count = 0

  constructor(list: CallList, tools: UsedTools, window: Window) {
    this.#list = list
    this.#tools = tools
    this.#window = window
    this.#from = list.first
  }

  added(call: RememberedCall): void {
    if (isMeant(this.#window.of, call.used) && call.sameToolAt < this.#from) this.#count += 1
  }

  letGo(nowMs: number): void {
    this.#from = this.#list.passBy(this.#from, nowMs - this.#window.withinMs, (call, position) => {
      if (isMeant(this.#window.of, call.used) && call.used.lastAt === position) this.#count -= 1
    })
  }

  answer({ now, nowMs, except }: Moment): number {
    this.letGo(nowMs)
    const isOnly = except !== undefined && this.#isOnly(except.call, except.position)
    const others = this.#count - (isOnly ? 1 : 0)
    const isThere = (this.#tools.get(now)?.lastAt ?? -1) >= this.#from
    const isNew = !isThere || (isOnly && isSameTool(except.call.used, now))
    return others + (isNew ? 1 : 0)
  }

  /** Says whether a call is the only one of its tool that is counted. */
  #isOnly(call: RememberedCall, position: number): boolean {
    return position >= this.#from && call.used.lastAt === position && call.sameToolAt < this.#from
  }
}
