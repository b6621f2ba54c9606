import { type CallPattern, isOpen } from '../seen-call.ts'
import { isListedMeant, type RememberedCall } from './remembered-call.ts'
import type { Moment, RunningCount } from './running-count.ts'

/** How many calls have no end yet, however old they are. */
export class OpenCalls implements RunningCount {
  readonly #of: CallPattern
  #open = 0

  constructor(of: CallPattern) {
    this.#of = of
  }

  added(call: RememberedCall): void {
    this.#open += this.#weigh(call)
  }

  changed(before: RememberedCall, after: RememberedCall): void {
    this.#open += this.#weigh(after) - this.#weigh(before)
  }

  answer({ except }: Moment): number {
    return this.#open + 1 - (except === undefined ? 0 : this.#weigh(except.call))
  }

  #weigh(call: RememberedCall): number {
    return isOpen(call) && isListedMeant(this.#of, call) ? 1 : 0
  }
}
