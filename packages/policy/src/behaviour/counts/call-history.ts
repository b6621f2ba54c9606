import type { SessionFacts } from '../../policy-request.ts'
import type { Breach } from '../call-limit.ts'
import { type AskedCall, type CallState, isOpen, type SeenCall } from '../seen-call.ts'
import type { CountPlan } from './count-plan.ts'
import { DeclaredCounts } from './declared-counts.ts'
import { ListedCalls, seenAs } from './listed-calls.ts'
import type { RememberedCall } from './remembered-call.ts'
import type { Moment } from './running-count.ts'

/** The position of calls that no window reaches. */
const UNLISTED = -1

/** What one caller has asked for within the longest window, and what of it is counted. */
export class CallHistory {
  #calls = new ListedCalls()
  /** Calls that have no end yet, or had none a moment ago, and that no window reaches, by their ids. */
  readonly #old = new Map<number, RememberedCall>()
  /** Those among them that may have come to an end. */
  #ended: number[] = []
  #counts: DeclaredCounts

  constructor(plan: CountPlan) {
    this.#counts = new DeclaredCounts(plan, this.#calls)
  }

  get plan(): CountPlan {
    return this.#counts.plan
  }

  /** Calls that are remembered. */
  get size(): number {
    return this.#calls.list.length + this.#old.size
  }

  /** The id of the oldest call that a window may reach. */
  get oldestId(): number | undefined {
    const { list } = this.#calls
    return list.at(list.first)?.id
  }

  /** Counts other things from now on, of what is remembered. */
  configure(plan: CountPlan): void {
    const old = [...this.#old.values()].toSorted((one, other) => one.id - other.id)
    this.#counts = old.length === 0 ? new DeclaredCounts(plan, this.#calls) : this.#anew(plan, old)
  }

  add(call: SeenCall): void {
    const { end } = this.#calls.list
    this.#counts.added(this.#calls.add(call), end)
  }

  /** Says how a call goes on; false where it is not remembered. */
  note(id: number, state: CallState, bytesOut: number): boolean {
    const found = this.#find(id)
    if (found === undefined) return false
    const { call, position } = found
    const changed = { ...call, state, bytesOut }
    if (position === UNLISTED) {
      this.#old.set(id, changed)
      if (!isOpen(changed)) this.#ended.push(id)
    } else {
      this.#calls.list.replace(position, changed)
    }
    this.#counts.changed(call, changed, position)
    return true
  }

  /** Forgets what is older than the longest window, and open no more. */
  forget(nowMs: number, withinMs: number): void {
    for (const id of this.#ended) {
      const call = this.#old.get(id)
      if (call !== undefined && !isOpen(call)) this.#old.delete(id)
    }
    this.#ended = []
    const { list } = this.#calls
    const fromMs = nowMs - withinMs
    if ((list.at(list.first)?.atMs ?? nowMs) > fromMs) return
    this.#counts.letGo(nowMs)
    for (let call = list.at(list.first); call !== undefined; call = list.at(list.first)) {
      if (call.atMs > fromMs) break
      if (isOpen(call)) this.#old.set(call.id, call)
      this.#calls.shift()
    }
  }

  breaches(now: AskedCall, nowMs: number, roles: readonly string[]): readonly Breach[] {
    return this.#counts.breaches({ now, nowMs }, roles)
  }

  facts(now: AskedCall, nowMs: number, except: number | undefined): SessionFacts {
    return this.#counts.facts({
      now,
      nowMs,
      except: except === undefined ? undefined : this.#find(except),
    })
  }

  #find(id: number): NonNullable<Moment['except']> | undefined {
    const position = this.#calls.list.positionOf(id)
    const call = position === undefined ? this.#old.get(id) : this.#calls.list.at(position)
    return call === undefined ? undefined : { call, position: position ?? UNLISTED }
  }

  /** A window that has become longer reaches calls again that no other did. */
  #anew(plan: CountPlan, old: readonly RememberedCall[]): DeclaredCounts {
    const { list } = this.#calls
    this.#old.clear()
    this.#ended = []
    this.#calls = new ListedCalls()
    for (const call of old) this.#calls.add(seenAs(call))
    for (let position = list.first; position < list.end; position += 1) {
      const call = list.at(position)
      if (call !== undefined) this.#calls.add(seenAs(call))
    }
    return new DeclaredCounts(plan, this.#calls)
  }
}
