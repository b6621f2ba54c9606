import type { SessionFacts } from '../policy-request.ts'
import { type BehaviourRules, longestWindowMs } from './behaviour-rules.ts'
import type { Breach } from './call-limit.ts'
import { CallHistory } from './counts/call-history.ts'
import { type CountPlan, planCounts } from './counts/count-plan.ts'
import type { AskedCall, CallState, SeenCall } from './seen-call.ts'

/** Calls that are remembered of one caller, and of all; beyond, calls are refused and none is forgotten. */
export const CALLS_PER_CALLER_MAX = 65_536
export const CALLS_MAX = 262_144
/** Once half of the room is taken, no caller has more than this. */
const CALLS_SCARCE_FROM = 131_072
const CALLS_PER_CALLER_SCARCE = 16_384
/** From so many on, no caller has more than an equal share of the rest; so many are thought to share it at least. */
const CALLS_SHARED_FROM = 196_608
const SHARERS_MIN = 32
/** What is kept of a caller takes the room of so many calls, and of one more for each of its counts. */
const CALLS_LIKE_CALLER = 4

/** Who asks for a call, and when. */
export interface CallerAt {
  readonly caller: string
  /** On the monotonic clock. */
  readonly nowMs: number
}

/**
 * What callers have asked for lately: a value that changes by events alone, so that the same events give the same answers.
 * What a call costs does not grow with the calls that are remembered.
 *
 * Nothing is forgotten to make room: whoever could fill it could have others forgotten, or itself.
 */
export class CallerBehaviour {
  readonly #callers = new Map<string, CallHistory>()
  #plan: CountPlan
  #nobody: CallHistory
  #size = 0
  #lastId = 0

  constructor(rules: BehaviourRules) {
    this.#plan = planCounts(rules)
    this.#nobody = new CallHistory(this.#plan)
  }

  get rules(): BehaviourRules {
    return this.#plan.rules
  }

  /** Calls that are remembered. */
  get size(): number {
    return this.#size
  }

  /** How much of the room is taken, and how many calls are remembered of the caller that has most. */
  get room(): CallRoom {
    const most = this.#callers.values().reduce((size, each) => Math.max(size, each.size), 0)
    return {
      taken: Math.min(CALLS_MAX, this.#taken),
      max: CALLS_MAX,
      mostOfOne: most,
      maxOfOne: this.#roomOf(),
    }
  }

  /** No call that a window may reach has a lower id. */
  get oldestId(): number {
    const oldest = this.#callers.values().map(({ oldestId }) => oldestId ?? this.#lastId + 1)
    return oldest.reduce((one, other) => Math.min(one, other), this.#lastId + 1)
  }

  /** Asks for other things from now on, of what is remembered still. */
  configure(rules: BehaviourRules): void {
    this.#plan = planCounts(rules)
    this.#nobody = new CallHistory(this.#plan)
  }

  /** Takes a call up that was counted before a restart: the oldest first, before any other is counted. */
  restore(caller: string, call: SeenCall): void {
    this.#historyOf(caller).add(call)
    this.#size += 1
    this.#lastId = Math.max(this.#lastId, call.id)
  }

  /** The limits that a call would go beyond. */
  breaches(
    { caller, nowMs }: CallerAt,
    now: AskedCall,
    roles: readonly string[],
  ): readonly Breach[] {
    return this.#past(caller, nowMs).breaches(now, nowMs, roles)
  }

  /** Counts a call; undefined where there is no room to remember it, so that it must not go on. */
  count({ caller, nowMs }: CallerAt, asked: AskedCall): SeenCall | undefined {
    const { size } = this.#past(caller, nowMs)
    if (size >= this.#roomOf() || this.#taken >= CALLS_MAX) return undefined
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
    this.#historyOf(caller).add(call)
    this.#size += 1
    return call
  }

  /** Says how a call goes on; false of one that is forgotten, of which there is nothing to say. */
  note(caller: string, id: number, { state, bytesOut = 0 }: CallNews): boolean {
    return this.#callers.get(caller)?.note(id, state, bytesOut) ?? false
  }

  /** What rules see of the session of a caller: with the call that is asked for, which is `except` where it is counted already. */
  facts({ caller, nowMs }: CallerAt, now: AskedCall, except?: number): SessionFacts {
    return this.#past(caller, nowMs).facts(now, nowMs, except)
  }

  /** Forgets what no window reaches any more. */
  forget(nowMs: number): void {
    for (const caller of this.#callers.keys()) this.#past(caller, nowMs)
  }

  /** Room that is taken, in calls. */
  get #taken(): number {
    const { limits, session, facts } = this.#plan
    const counts = limits.length + session.length + facts.length
    return this.#size + this.#callers.size * (CALLS_LIKE_CALLER + counts)
  }

  /** Once most of the room is used, what is left is for those who have used little of it. */
  #roomOf(): number {
    const taken = this.#taken
    if (taken < CALLS_SCARCE_FROM) return CALLS_PER_CALLER_MAX
    if (taken < CALLS_SHARED_FROM) return CALLS_PER_CALLER_SCARCE
    const sharers = Math.max(SHARERS_MIN, this.#callers.size)
    return Math.floor((CALLS_MAX - CALLS_SHARED_FROM) / sharers)
  }

  /** The calls within the longest window, and those that are open. */
  #past(caller: string, nowMs: number): CallHistory {
    const history = this.#callers.get(caller)
    if (history === undefined) return this.#nobody
    if (history.plan !== this.#plan) history.configure(this.#plan)
    const { size } = history
    history.forget(nowMs, longestWindowMs(this.rules))
    this.#size -= size - history.size
    if (history.size === 0) this.#callers.delete(caller)
    return history
  }

  #historyOf(caller: string): CallHistory {
    const history = this.#callers.get(caller) ?? new CallHistory(this.#plan)
    this.#callers.set(caller, history)
    return history
  }
}

/** Room for what is remembered, in calls. */
export interface CallRoom {
  readonly taken: number
  readonly max: number
  readonly mostOfOne: number
  /** What one caller may have now. */
  readonly maxOfOne: number
}

/** How a call went on. */
export interface CallNews {
  readonly state: CallState
  readonly bytesOut?: number
}
