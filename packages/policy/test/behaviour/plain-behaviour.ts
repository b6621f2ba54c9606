import {
  type AskedCall,
  type BehaviourRules,
  type Breach,
  type CallerAt,
  type CallLimit,
  type CallNews,
  type CallPattern,
  type CallState,
  longestWindowMs,
  type Measure,
  type PastFact,
  SESSION_COUNTS,
  type SeenCall,
  type SessionFacts,
} from '@warren/policy'

/**
 * What `CallerBehaviour` answers, by counting everything anew each time: slow, and short enough to be seen to be right.
 * It has no limit on what it remembers.
 */
export class PlainBehaviour {
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
  restore(caller: string, call: SeenCall): void {
    const list = this.#listOf(caller)
    list.push({ ...call, atMs: Math.max(call.atMs, list.at(-1)?.atMs ?? call.atMs) })
    this.#size += 1
    this.#lastId = Math.max(this.#lastId, call.id)
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
    this.#past(caller, nowMs)
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
  note(caller: string, id: number, { state, bytesOut = 0 }: CallNews): boolean {
    const list = this.#calls.get(caller) ?? []
    const at = list.findLastIndex((call) => call.id === id)
    const call = list[at]
    if (call === undefined) return false
    list[at] = { ...call, state, bytesOut }
    return true
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

/** The limits that a call would go beyond, in the order in which they are declared. */
function breaches(
  limits: readonly CallLimit[],
  { past, now, roles, nowMs }: LimitQuestion,
): readonly Breach[] {
  return limits.flatMap((limit) => {
    const { server, tool, role, count, max } = limit
    if (!isMeant({ server, tool }, now)) return []
    if (role !== undefined && !roles.includes(role)) return []
    const fromMs = count === 'concurrent' ? Number.NEGATIVE_INFINITY : nowMs - limit.withinMs
    const counted = past.filter((call) => call.atMs > fromMs && isMeant({ server, tool }, call))
    const reached = MEASURES[count](counted, now)
    return reached > max ? [{ limit, reached }] : []
  })
}

interface LimitQuestion {
  /** The calls of this caller, the oldest first. */
  readonly past: readonly SeenCall[]
  readonly now: AskedCall
  readonly roles: readonly string[]
  /** On the monotonic clock. */
  readonly nowMs: number
}

/** What rules see of a session: the counts with this call, and the facts that are declared, of the calls before it. */
function sessionFacts(
  { sessionWithinMs, facts }: BehaviourRules,
  past: readonly SeenCall[],
  { now, nowMs }: { readonly now: AskedCall; readonly nowMs: number },
): SessionFacts {
  const within = past.filter(({ atMs }) => atMs > nowMs - sessionWithinMs)
  return Object.fromEntries([
    // What is open is open however long ago it began.
    ...SESSION_COUNTS.map((name) => {
      const counted = name === 'concurrent' ? past : within
      return [name, MEASURES[name](counted, now)] as const
    }),
    ...[...facts].map(([name, fact]) => [name, answerPast(fact, past, nowMs)] as const),
  ])
}

/**
 * Counts over the calls of a caller within a window, the oldest first, and the one that is asked for now, which is not
 * among them. Each is what it comes to with that one.
 */
const MEASURES: Readonly<Record<Measure, (past: readonly SeenCall[], now: AskedCall) => number>> = {
  calls: (past) => past.length + 1,
  bytesIn: (past, now) => past.reduce((sum, { bytesIn }) => sum + bytesIn, now.bytesIn),
  // What the answer to this one will have nobody knows yet.
  bytesOut: (past) => past.reduce((sum, { bytesOut }) => sum + bytesOut, 0),
  errors: (past) => past.filter((call) => hasFailed(call)).length,
  sameCall: (past, now) => past.filter((call) => isSame(call, now)).length + 1,
  pingPong: alternationTo,
  fanOut: (past, now) =>
    new Set([...past, now].map(({ server, tool }) => `${server}/${tool}`)).size,
  concurrent: (past) => past.filter((call) => isOpen(call)).length + 1,
}

/** How many calls, this one included, go to and fro between two tools; 1 where the one before was of the same. */
function alternationTo(past: readonly SeenCall[], now: AskedCall): number {
  let length = 1
  let [after, next]: readonly (AskedCall | undefined)[] = [undefined, now]
  for (let at = past.length - 1; at >= 0; at -= 1) {
    const call = past[at]
    if (call === undefined || next === undefined || isSameTool(call, next)) break
    if (after !== undefined && !isSameTool(call, after)) break
    length += 1
    after = next
    next = call
  }
  return length
}

/** Answers from the calls of a caller before this one, the oldest first. */
function answerPast(fact: PastFact, past: readonly SeenCall[], nowMs: number): number | boolean {
  const within = past.filter(({ atMs }) => atMs > nowMs - fact.withinMs)
  const meant = within.filter((call) => isMeant(fact.of, call))
  switch (fact.ask) {
    case 'formerly':
      return meant.length > 0
    case 'previous':
      return within.length > 0 && within.at(-1) === meant.at(-1)
    case 'since': {
      const last = meant.at(-1)
      const ended = within.findLast((call) => isMeant(fact.unless, call))
      return last !== undefined && (ended === undefined || ended.id < last.id)
    }
    case 'count':
      return meant.length
    case 'sum':
      return meant.reduce((sum, call) => sum + call[fact.what], 0)
    default:
      throw new Error('a fact asks for nothing')
  }
}

/** Says whether a call is one of those that are meant. */
function isMeant(
  { server, tool, state }: CallPattern,
  call: AskedCall & { readonly state?: CallState },
): boolean {
  return (
    (server === undefined || call.server === server) &&
    (tool === undefined || call.tool === tool) &&
    (state === undefined || call.state === state)
  )
}

/** Says whether two calls ask for the same. */
function isSame(one: AskedCall, other: AskedCall): boolean {
  return isSameTool(one, other) && one.digest === other.digest
}

/** Says whether two calls are of one tool. */
function isSameTool(one: AskedCall, other: AskedCall): boolean {
  return one.server === other.server && one.tool === other.tool
}

/** Says whether a call came to no good end. */
function hasFailed({ state }: Pick<SeenCall, 'state'>): boolean {
  return state === 'error' || state === 'failed'
}

/** Says whether a call was let go on and has no end yet. */
function isOpen({ state }: Pick<SeenCall, 'state'>): boolean {
  return state === 'asked' || state === 'running'
}
