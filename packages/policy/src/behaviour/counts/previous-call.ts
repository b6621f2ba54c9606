import type { CallList } from './call-list.ts'
import { isListedMeant } from './remembered-call.ts'
import type { Moment, RunningCount } from './running-count.ts'
import type { Window } from './window-sum.ts'

/** Says whether the last call within a window is one that is meant. */
export class PreviousCall implements RunningCount {
  readonly #list: CallList
  readonly #window: Window

  constructor(list: CallList, window: Window) {
    this.#list = list
    this.#window = window
  }

  answer({ nowMs, except }: Moment): boolean {
    const newest = this.#list.end - 1
    const last = this.#list.at(except?.position === newest ? newest - 1 : newest)
    const { of, withinMs } = this.#window
    return last !== undefined && last.atMs > nowMs - withinMs && isListedMeant(of, last)
  }
}
