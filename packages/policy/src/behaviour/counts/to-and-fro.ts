import { type AskedCall, isMeant, isSameTool } from '../seen-call.ts'
import type { CallList } from './call-list.ts'
import type { RememberedCall } from './remembered-call.ts'
import type { Moment, RunningCount } from './running-count.ts'
import { WEIGHTS, type Window, WindowSum } from './window-sum.ts'

type Tool = Pick<AskedCall, 'server' | 'tool'>

/** The end of a row of calls: the last one, the one before it, and how many up to the last go to and fro. */
export interface RowEnd {
  readonly last?: Tool | undefined
  readonly before?: Tool | undefined
  readonly length: number
}

/**
 * How many calls at the end of a row go to and fro together with `next`, which comes after them, and `afterNext`.
 */
export function goOn({ last, before, length }: RowEnd, next: Tool, afterNext?: Tool): number {
  if (last === undefined || isSameTool(last, next)) return 0
  if (afterNext !== undefined && !isSameTool(last, afterNext)) return 0
  return length >= 2 && before !== undefined && isSameTool(before, next) ? length : 1
}

/** The length of the going to and fro that ends with a call, between the tools that a limit means. */
export class ToAndFro implements RunningCount {
  readonly #window: Window
  readonly #calls: WindowSum
  #row: RowEnd = { length: 0 }

  constructor(list: CallList, window: Window) {
    this.#window = window
    this.#calls = new WindowSum(list, window, WEIGHTS.calls)
  }

  added(call: RememberedCall): void {
    this.#calls.added(call)
    const { used } = call
    if (!isMeant(this.#window.of, used)) return
    this.#row = { last: used, before: this.#row.last, length: 1 + goOn(this.#row, used) }
  }

  letGo(nowMs: number): void {
    this.#calls.letGo(nowMs)
  }

  /** No call of a limit is listed already. */
  answer(moment: Moment): number {
    return Math.min(1 + goOn(this.#row, moment.now), this.#calls.answer(moment))
  }
}

/** The length of the going to and fro that ends with a call, between any tools. */
export class AnyToAndFro implements RunningCount {
  readonly #list: CallList
  readonly #withinMs: number

  constructor(list: CallList, withinMs: number) {
    this.#list = list
    this.#withinMs = withinMs
  }

  answer({ now, nowMs, except }: Moment): number {
    const list = this.#list
    const from = list.firstAfter(nowMs - this.#withinMs)
    const isListed = except !== undefined && except.position >= from
    const length = isListed
      ? lengthWithout(list, except.position, now)
      : 1 + goOn(rowUpTo(list, list.end), now)
    return Math.min(length, list.end - from + 1 - (isListed ? 1 : 0))
  }
}

/** The end of the row of calls before a position. */
export function rowUpTo(list: CallList, position: number): RowEnd {
  const last = list.at(position - 1)
  return { last: last?.used, before: list.at(position - 2)?.used, length: last?.toAndFro ?? 0 }
}

/** As if the call at a position had not been: the row breaks after it, or what was before goes on with what came after. */
function lengthWithout(list: CallList, position: number, now: Tool): number {
  const after = list.end - 1 - position
  const before = rowUpTo(list, position)
  if (after === 0) return 1 + goOn(before, now)
  const length = goOn(rowUpTo(list, list.end), now)
  if (length < after) return 1 + length
  const next = list.at(position + 1)?.used ?? now
  const afterNext = list.at(position + 2)?.used ?? now
  return 1 + after + goOn(before, next, afterNext)
}
