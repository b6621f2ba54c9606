import { BoundedMap, type Clock } from '@warren/core'
import type { AlertBody } from '@warren/audit'
import {
  type CallEnd,
  type GateAnswer,
  type GateQuestion,
  isRequest,
  type Refusal,
  type Scheduler,
} from '@warren/mcp'
import {
  type AskedCall,
  type BehaviourRules,
  type Breach,
  CallerBehaviour,
  type CallNews,
  type CallRoom,
  CALLS_MAX,
  type CallState,
  isRefused,
  type MethodClassification,
  type SessionFacts,
  type SeenCall,
  WINDOW_MS_MAX,
} from '@warren/policy'
import { type CallerCalls, StorageError, type StoredCall } from '@warren/storage'
import type { Report } from '../node-event.ts'
import { askedCall } from './asked-call.ts'
import { CallWriter } from './call-writer.ts'
import { KeptOut } from './kept-out.ts'
import { beyondLimit, keptOut, UNCOUNTED } from './limit-sentences.ts'

/** What has to be done to a caller besides refusing this call of it. */
export type CallerAction = 'end-session' | 'quarantine-caller' | 'tell-admin'

export interface BehaviourDeskInit {
  readonly store: CallerCalls
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly report: Report
  /** Writes an alert into the audit log. */
  readonly alert: (alert: Omit<AlertBody, 'kind'>) => void
  /** Ends what a caller has under way: of one server, or of all. */
  readonly end: (did: string, server: string | undefined, reason: string) => Promise<void>
  /** This node, whose own hosts are never kept out. */
  readonly self: string
}

/** A call that was let in by the limits, and is counted where anything counts it. */
export type Entry =
  | { readonly refusal: Refusal; readonly limit?: string; readonly breaches?: readonly Breach[] }
  | { readonly call?: SeenCall; readonly breaches?: readonly Breach[] }

/** Told of one thing about one caller once in so long. */
const TOLD_AGAIN_MS = 60_000
const TOLD_MAX = 4_096
const SWEEP_MS = 60_000
/** Rows that are deleted at a time, and the pause before the next: far more than calls can come meanwhile. */
const DELETED_MAX = 2_048
const DELETE_AGAIN_MS = 100
/** The answer to the call for which something ends leaves first. */
const ANSWER_FIRST_MS = 20
/** Limits may come back, with the longest window that there is: until then nothing is forgotten that they could count. */
const NO_RULES: BehaviourRules = {
  limits: [],
  sessionWithinMs: WINDOW_MS_MAX,
  facts: new Map(),
  quarantineMs: 3_600_000,
}

/**
 * Counts what callers ask for, refuses what goes beyond the limits of the owner, and does what limits and rules say is
 * to be done about it. A call that counts is on the disk before it goes on, so a restart forgives nothing.
 */
export class BehaviourDesk {
  readonly #init: BehaviourDeskInit
  readonly #behaviour = new CallerBehaviour(NO_RULES)
  readonly #writer: CallWriter
  readonly #keptOut: KeptOut
  readonly #told = new BoundedMap<string, number>(TOLD_MAX)
  #isOn = false
  #trouble: string | undefined
  #sweep: NodeJS.Timeout | undefined
  #cancelDeleting: (() => void) | undefined

  constructor(init: BehaviourDeskInit) {
    this.#init = init
    const { store, clock } = init
    this.#writer = new CallWriter(store, (error) => this.#lost(error))
    this.#keptOut = new KeptOut(store, clock)
    this.#restore()
  }

  /** The limits in force, and the facts that rules can name. */
  get rules(): BehaviourRules {
    return this.#behaviour.rules
  }

  /** Why calls cannot be counted, where that is so. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** How much of the room for calls is taken. */
  get room(): CallRoom {
    return this.#behaviour.room
  }

  /** Whom this node keeps out. */
  keptOut(): ReturnType<KeptOut['list']> {
    return this.#keptOut.list()
  }

  /** Takes over the limits of a policy set; without any, nothing is counted, and what was counted is kept. */
  configure(rules: BehaviourRules | undefined): void {
    const wasOn = this.#isOn
    this.#isOn = rules !== undefined
    this.#behaviour.configure(rules ?? NO_RULES)
    // What was read at the start is as old as it may be, and takes room from whoever calls.
    if (this.#isOn && !wasOn) this.#behaviour.forget(this.#init.clock.monotonicMs())
  }

  start(): void {
    this.#sweep = setInterval(() => this.sweep(), SWEEP_MS)
    this.#sweep.unref()
  }

  stop(): void {
    clearInterval(this.#sweep)
    this.#cancelDeleting?.()
    this.#writer.flush()
  }

  /** Why nothing of a caller is answered. */
  objection(did: string): Refusal | undefined {
    const kept = did === this.#init.self ? undefined : this.#keptOut.of(did)
    return kept === undefined ? undefined : keptOut(kept.untilMs)
  }

  /** Lets a message in: counted and on the disk, or refused by the first limit that it would go beyond. */
  async enter(
    question: GateQuestion,
    kind: MethodClassification,
    roles: readonly string[],
  ): Promise<Entry> {
    const { did } = question.caller
    const refusal = this.objection(did)
    if (refusal !== undefined) return { refusal }
    const asked = this.#isOn ? askedCall(question, kind) : undefined
    if (asked === undefined) return {}
    const at = { caller: did, nowMs: this.#init.clock.monotonicMs() }
    const found = this.#behaviour.breaches(at, asked, roles)
    const breaches = found.length === 0 ? {} : { breaches: found }
    const refused = found.find((breach) => isRefused(breach))
    if (refused !== undefined)
      return { refusal: beyondLimit(refused), limit: refused.limit.id, ...breaches }
    return { ...breaches, ...(await this.#count(question, asked, at.nowMs)) }
  }

  /** What rules see of the session of a caller; nothing where no limits are declared. */
  facts(
    question: GateQuestion,
    kind: MethodClassification,
    call?: SeenCall,
  ): SessionFacts | undefined {
    if (!this.#isOn) return undefined
    const { server, bytes } = question
    const asked = call ??
      askedCall(question, kind) ?? { server, tool: '', digest: '', bytesIn: bytes }
    const at = { caller: question.caller.did, nowMs: this.#init.clock.monotonicMs() }
    return this.#behaviour.facts(at, asked, call?.id)
  }

  /** Takes note of what was decided of a call, and of how it ends. */
  decided(question: GateQuestion, answer: GateAnswer, call: SeenCall | undefined): GateAnswer {
    if (call === undefined) return answer
    const { did } = question.caller
    // Of what is no request nobody is told how it ends.
    const goesOn = isRequest(question.message) ? 'running' : 'answered'
    this.#note(did, call.id, { state: answer.allowed ? goesOn : 'refused' })
    if (!answer.allowed || goesOn === 'answered') return answer
    const { call: recorded } = answer
    return {
      ...answer,
      call: {
        ended: async (end) => {
          this.#note(did, call.id, newsOf(end))
          return recorded === undefined ? { allowed: true } : recorded.ended(end)
        },
      },
    }
  }

  /** Does what the limits say that a call has gone beyond, once that is written down. */
  react(question: GateQuestion, breaches: readonly Breach[] = []): void {
    for (const { limit, reached } of breaches) {
      const because = `limit "${limit.id}" (${limit.count} ${reached}, at most ${limit.max})`
      for (const action of limit.actions) {
        if (action !== 'refuse') this.act(question, action, because)
      }
    }
  }

  /** Does to a caller what a limit or a rule says, without keeping its answer waiting. */
  act(question: GateQuestion, action: CallerAction, because: string): void {
    const { caller, server } = question
    const { did } = caller
    if (action === 'tell-admin') {
      this.#tell(question, because)
      return
    }
    this.#tell(question, because)
    const isKept = action === 'quarantine-caller' && did !== this.#init.self
    if (isKept) this.#keepOut(did, because)
    this.#init.scheduler.after(
      ANSWER_FIRST_MS,
      () => void this.#end(did, isKept ? undefined : server, because),
    )
  }

  /** Lets a caller in again that was kept out. */
  lift(did: string): boolean {
    const was = this.#keptOut.lift(did)
    if (was) this.#init.report({ event: 'caller-let-in', level: 'info', caller: did })
    return was
  }

  async #count(question: GateQuestion, asked: AskedCall, nowMs: number): Promise<Entry> {
    const { did } = question.caller
    const call = this.#behaviour.count({ caller: did, nowMs }, asked)
    if (call === undefined) {
      this.#trouble = 'there is no room to remember one more call of this caller, or of any'
      this.#tell(question, 'history-full')
      return { refusal: UNCOUNTED }
    }
    try {
      await this.#writer.add(this.#stored(did, call))
      this.#trouble = undefined
      return { call }
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      this.#lost(error)
      this.#behaviour.note(did, call.id, { state: 'refused' })
      return { refusal: UNCOUNTED }
    }
  }

  #keepOut(did: string, because: string): void {
    try {
      const kept = this.#keptOut.add(did, because, this.rules.quarantineMs)
      if (kept === undefined) {
        this.#init.report({ event: 'caller-not-kept-out', level: 'error', caller: did, because })
        return
      }
      const { untilMs } = kept
      const until = new Date(untilMs).toISOString()
      this.#init.report({ event: 'caller-kept-out', level: 'warn', caller: did, because, until })
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      // It is kept out all the same, for as long as this node runs.
      this.#lost(error)
    }
  }

  async #end(did: string, server: string | undefined, because: string): Promise<void> {
    const { end, report, clock } = this.#init
    const fromMs = clock.monotonicMs()
    try {
      await end(did, server, `ended by the owner of the tool: ${because}`)
      const afterMs = Math.round(clock.monotonicMs() - fromMs)
      report({ event: 'session-ended', level: 'warn', caller: did, because, afterMs })
    } catch (error) {
      report({ event: 'defect', level: 'error', did, message: String(error) })
    }
  }

  #tell({ caller, server }: GateQuestion, because: string): void {
    const { clock, report, alert } = this.#init
    const key = `${caller.did} ${because.replace(/\(.*$/, '')}`
    const nowMs = clock.monotonicMs()
    const lastMs = this.#told.get(key)
    if (lastMs !== undefined && nowMs < lastMs + TOLD_AGAIN_MS) return
    this.#told.set(key, nowMs)
    const sentence = `A caller of server "${server}" went beyond what its owner allows: ${because}; the caller is ${caller.did}.`
    report({ event: 'caller-behaviour', level: 'warn', caller: caller.did, server, because })
    alert({ code: 'caller-behaviour', severity: 'warn', sentence })
  }

  #note(did: string, id: number, news: CallNews): void {
    const { state, bytesOut = 0 } = news
    const isRemembered = this.#behaviour.note(did, id, news)
    // After a restart a call that runs and one that was asked for are the same.
    if (isRemembered && state !== 'running') this.#writer.note({ id, state, bytesOut })
  }

  #lost(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    this.#trouble = message
    this.#init.report({ event: 'calls-uncounted', level: 'error', message })
  }

  /** Calls that were open when the node ended: how they came out nobody knows, and nobody is blamed. */
  #restore(): void {
    const { store, clock } = this.#init
    const [wallMs, nowMs] = [clock.wallMs(), clock.monotonicMs()]
    store.newest(CALLS_MAX, (call) => {
      const atMs = nowMs - Math.max(0, wallMs - call.atMs)
      this.#behaviour.restore(call.caller, seenAgain(call, atMs))
    })
  }

  /** Never throws: what a disk does not take now is done at the next turn. */
  sweep(): void {
    this.#behaviour.forget(this.#init.clock.monotonicMs())
    try {
      this.#keptOut.sweep()
      this.#deleteForgotten()
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      this.#lost(error)
    }
  }

  /** Rows of calls that are forgotten go, some at a time, so that no call waits long for it. */
  #deleteForgotten(): void {
    const { store, scheduler } = this.#init
    this.#cancelDeleting?.()
    this.#cancelDeleting = undefined
    const deleted = store.forgetBefore(this.#behaviour.oldestId, DELETED_MAX)
    if (deleted < DELETED_MAX) return
    this.#cancelDeleting = scheduler.after(DELETE_AGAIN_MS, () => this.#deleteMore())
  }

  #deleteMore(): void {
    try {
      this.#deleteForgotten()
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      this.#lost(error)
    }
  }

  #stored(caller: string, { state, ...call }: SeenCall): StoredCall {
    return { ...call, caller, state, atMs: Math.floor(this.#init.clock.wallMs()) }
  }
}

function newsOf(end: CallEnd): CallNews {
  const answer = 'answer' in end ? end.answer : undefined
  return { state: stateOf(end), ...(answer === undefined ? {} : { bytesOut: answer.bytes }) }
}

function stateOf(end: CallEnd): CallState {
  if (end.outcome === 'answered') return isToolError(end) ? 'error' : 'answered'
  if (end.outcome === 'error') return 'error'
  if (end.outcome === 'refused') return 'refused'
  return end.outcome === 'failed' ? 'failed' : 'answered'
}

/** A tool says that it failed in its result (MCP tools §error handling). */
function isToolError({ answer }: Extract<CallEnd, { outcome: 'answered' | 'error' }>): boolean {
  const { result } = answer.message
  return (
    typeof result === 'object' &&
    result !== null &&
    'isError' in result &&
    result['isError'] === true
  )
}

function seenAgain(stored: StoredCall, atMs: number): SeenCall {
  const { id, server, tool, digest, bytesIn, state, bytesOut } = stored
  return { id, server, tool, digest, bytesIn, bytesOut, state: closedState(state), atMs }
}

function closedState(state: string): CallState {
  const known: readonly CallState[] = ['refused', 'answered', 'error', 'failed']
  return known.find((each) => each === state) ?? 'answered'
}
