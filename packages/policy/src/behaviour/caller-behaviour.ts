import type { SessionFacts } from '../policy-request.ts'
import { type BehaviourRules, longestWindowMs } from './behaviour-rules.ts'
import { type Breach, breaches } from './call-limit.ts'
import { type AskedCall, type CallState, isOpen, type SeenCall } from './seen-call.ts'
import { sessionFacts } from './session-counts.ts'

/** Calls that are remembered of one caller, and of all; beyond, calls are refused and none is forgotten. */
export const CALLS_PER_CALLER_MAX = 16_384
export const CALLS_MAX = 262_144
/** From so many on, no caller has more than an equal share of the rest. */
const CALLS_SHARED_FROM = 196_608

/** Who asks for a call, and when. */
export interface CallerAt {
  readonly caller: string
  /** On the monotonic clock. */
  readonly nowMs: number
}

/**
 * What callers have asked for lately: a value that changes by events alone, so that the same events give the same answers.
 *
 * Nothing is forgotten to make room: whoever could fill it could have others forgotten, or itself.
 */
export class CallerBehaviour {
  readonly #calls = new Map<string, SeenCall[]>()
  #rules: BehaviourRules
  #size = 0
  #lastId = 0

  constructor(rules: BehaviourRules) {
    this.#rules = rules
  }

  get rules(): BehaviourRules {
    return this.#rules
  }

  /** Calls that are remembered. */
  get size(): number {
    return this.#size
  }

  /** Asks for other things from now on, of what is remembered still. */
  configure(rules: BehaviourRules): void {
    this.#rules = rules
  }

  /** Takes calls up that were counted before a restart, the oldest first. */
  restore(caller: string, calls: readonly SeenCall[]): void {
    this.#listOf(caller).push(...calls)
    this.#size += calls.length
    for (const { id } of calls) this.#lastId = Math.max(this.#lastId, id)
  }

  /** The limits that a call would go beyond. */
  breaches(
    { caller, nowMs }: CallerAt,
    now: AskedCall,
    roles: readonly string[],
  ): readonly Breach[] {
    return breaches(this.#rules.limits, { past: this.#past(caller, nowMs), now, roles, nowMs })
  }

  /** Counts a call; undefined where there is no room to remember it, so that it must not go on. */
  count({ caller, nowMs }: CallerAt, asked: AskedCall): SeenCall | undefined {
    const list = this.#past(caller, nowMs)
    if (list.length >= this.#roomOf() || this.#size >= CALLS_MAX) return undefined
    this.#lastId += 1
    const { server, tool, digest, bytesIn } = asked
    const call: SeenCall = {
      id: this.#lastId,
      server,
      tool,
      digest,
      bytesIn,
      atMs: nowMs,
      state: 'asked',
      bytesOut: 0,
    }
    this.#listOf(caller).push(call)
    this.#size += 1
    return call
  }

  /** Says how a call goes on; of one that is forgotten there is nothing to say. */
  note(caller: string, id: number, { state, bytesOut = 0 }: CallNews): SeenCall | undefined {
    const list = this.#calls.get(caller) ?? []
    const at = list.findLastIndex((call) => call.id === id)
    const call = list[at]
    if (call === undefined) return undefined
    const changed = { ...call, state, bytesOut }
    list[at] = changed
    return changed
  }

  /** What rules see of the session of a caller: with the call that is asked for, which is `except` where it is counted already. */
  facts({ caller, nowMs }: CallerAt, now: AskedCall, except?: number): SessionFacts {
    const past = this.#past(caller, nowMs).filter(({ id }) => id !== except)
    return sessionFacts(this.#rules, past, { now, nowMs })
  }

  /** Forgets what no window reaches any more. */
  forget(nowMs: number): void {
    for (const caller of this.#calls.keys()) this.#past(caller, nowMs)
  }

  /** Once most of the room is used, what is left is for those who have used little of it. */
  #roomOf(): number {
    if (this.#size < CALLS_SHARED_FROM) return CALLS_PER_CALLER_MAX
    return Math.floor((CALLS_MAX - CALLS_SHARED_FROM) / Math.max(1, this.#calls.size))
  }

  /** The calls within the longest window, and those that are open, the oldest first. */
  #past(caller: string, nowMs: number): readonly SeenCall[] {
    const list = this.#calls.get(caller)
    if (list === undefined) return []
    const fromMs = nowMs - longestWindowMs(this.#rules)
    const [first] = list
    if (first === undefined || first.atMs > fromMs) return list
    const kept = list.filter((call) => call.atMs > fromMs || isOpen(call))
    this.#size -= list.length - kept.length
    if (kept.length === 0) this.#calls.delete(caller)
    else this.#calls.set(caller, kept)
    return kept
  }

  #listOf(caller: string): SeenCall[] {
    const list = this.#calls.get(caller) ?? []
    this.#calls.set(caller, list)
    return list
  }
}

/** How a call went on. */
export interface CallNews {
  readonly state: CallState
  readonly bytesOut?: number
}
