import { type AskedCall, type CallPattern, hasFailed } from '../seen-call.ts'
import type { CallList } from './call-list.ts'
import { isListedMeant, type RememberedCall } from './remembered-call.ts'
import type { Moment, RunningCount } from './running-count.ts'

/** What each call adds to a sum. */
export interface Weight {
  readonly past: (call: RememberedCall) => number
  /** What the call adds that is asked for. */
  readonly now: (call: AskedCall) => number
}

/** The sums that limits and rules know. */
export const WEIGHTS: Readonly<Record<'calls' | 'bytesIn' | 'bytesOut' | 'errors', Weight>> = {
  calls: { past: () => 1, now: () => 1 },
  bytesIn: { past: ({ bytesIn }) => bytesIn, now: ({ bytesIn }) => bytesIn },
  // What the answer to this one will have nobody knows yet.
  bytesOut: { past: ({ bytesOut }) => bytesOut, now: () => 0 },
  errors: { past: (call) => (hasFailed(call) ? 1 : 0), now: () => 0 },
}

/** Which calls a count is about. */
export interface Window {
  readonly of: CallPattern
  readonly withinMs: number
}

/** A sum over the calls within a window. */
export class WindowSum implements RunningCount {
  readonly #list: CallList
  readonly #window: Window
  readonly #weight: Weight
  /** The position of the first call that is in the sum. */
  #from: number
  #sum = 0

  constructor(list: CallList, window: Window, weight: Weight) {
    this.#list = list
    this.#window = window
    this.#weight = weight
    this.#from = list.first
  }

  added(call: RememberedCall): void {
    this.#sum += this.#weigh(call)
  }

  changed(before: RememberedCall, after: RememberedCall, position: number): void {
    if (position >= this.#from) this.#sum += this.#weigh(after) - this.#weigh(before)
  }

  letGo(nowMs: number): void {
    this.#from = this.#list.passBy(this.#from, nowMs - this.#window.withinMs, (call) => {
      this.#sum -= this.#weigh(call)
    })
  }

  answer(moment: Moment): number {
    return this.past(moment) + this.#weight.now(moment.now)
  }

  /** The sum over the calls before this one. */
  past({ nowMs, except }: Moment): number {
    this.letGo(nowMs)
    const isCounted = except !== undefined && except.position >= this.#from
    return isCounted ? this.#sum - this.#weigh(except.call) : this.#sum
  }

  #weigh(call: RememberedCall): number {
    return isListedMeant(this.#window.of, call) ? this.#weight.past(call) : 0
  }
}
