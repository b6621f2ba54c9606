import type { CallPattern } from '../seen-call.ts'
import type { CallList } from './call-list.ts'
import { PositionSet } from './position-set.ts'
import { isListedMeant, type RememberedCall } from './remembered-call.ts'
import type { Moment, RunningCount } from './running-count.ts'

const ROOM_MIN = 32

/** What `since` asks for. */
export interface SinceWindow {
  readonly of: CallPattern
  readonly unless: CallPattern
  readonly withinMs: number
}

/**
 * Says whether there was a call that is meant within a window, and after it none of those that end it: of all that are
 * either, the last one tells. Calls become such and cease to be as they go on, in any order.
 */
export class Since implements RunningCount {
  readonly #list: CallList
  readonly #window: SinceWindow
  #from: number
  #room = ROOM_MIN
  /** Where the calls stand that are either, modulo the room. */
  #told = new PositionSet(ROOM_MIN)

  constructor(list: CallList, window: SinceWindow) {
    this.#list = list
    this.#window = window
    this.#from = list.first
  }

  added(call: RememberedCall, position: number): void {
    if (position - this.#from >= this.#room) this.#growUpTo(position)
    if (this.#tells(call)) this.#told.add(this.#placeOf(position))
  }

  changed(before: RememberedCall, after: RememberedCall, position: number): void {
    if (position < this.#from) return
    if (this.#tells(after)) this.#told.add(this.#placeOf(position))
    else if (this.#tells(before)) this.#told.delete(this.#placeOf(position))
  }

  letGo(nowMs: number): void {
    this.#from = this.#list.passBy(this.#from, nowMs - this.#window.withinMs, (call, position) => {
      if (this.#tells(call)) this.#told.delete(this.#placeOf(position))
    })
  }

  answer({ nowMs, except }: Moment): boolean {
    this.letGo(nowMs)
    const isTold = except !== undefined && except.position >= this.#from && this.#tells(except.call)
    if (isTold) this.#told.delete(this.#placeOf(except.position))
    const last = this.#last()
    if (isTold) this.#told.add(this.#placeOf(except.position))
    return last !== undefined && !isListedMeant(this.#window.unless, last)
  }

  /** The last call that is either. */
  #last(): RememberedCall | undefined {
    const newest = this.#list.end - 1
    const place = this.#placeOf(newest)
    const last = this.#told.lastUpTo(place) ?? this.#told.lastUpTo(this.#room - 1)
    return last === undefined
      ? undefined
      : this.#list.at(newest - ((place - last + this.#room) % this.#room))
  }

  #growUpTo(end: number): void {
    this.#room *= 2
    this.#told = new PositionSet(this.#room)
    for (let position = this.#from; position < end; position += 1) {
      const call = this.#list.at(position)
      if (call !== undefined && this.#tells(call)) this.#told.add(this.#placeOf(position))
    }
  }

  #tells(call: RememberedCall): boolean {
    return isListedMeant(this.#window.of, call) || isListedMeant(this.#window.unless, call)
  }

  #placeOf(position: number): number {
    return position % this.#room
  }
}
