import { type ApprovalBody, type ApprovalEvent, AuditError } from '@warren/audit'
import type { Clock, RandomSource } from '@warren/core'
import type { Hold, Refusal, Scheduler, Waiting } from '@warren/mcp'
import { StorageError } from '@warren/storage'
import { NodeError } from '../node-error.ts'
import type { Report } from '../node-event.ts'
import { ApprovalGrants, type Grant } from './approval-grants.ts'
import {
  type ApprovalLimits,
  FOR_SECONDS_DEFAULT,
  PROGRESS_MS,
  SUBJECT_LENGTH_MAX,
  TIMES_MAX,
} from './approval-limits.ts'
import {
  CANCELLED,
  expired,
  OUTDATED,
  refused,
  type Unavailable,
  unavailable,
} from './approval-sentences.ts'
import { type ApprovalQuestion, type ApprovalVerdict, HeldCall } from './held-call.ts'
import { HoldRate } from './hold-rate.ts'

export interface ApprovalDeskInit {
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly random: RandomSource
  readonly report: Report
  readonly limits: ApprovalLimits
  readonly audit: {
    /** Resolves when the entry is on the disk. */
    append(entry: ApprovalBody): Promise<unknown>
    /** Takes an entry that nobody waits for. */
    note(entry: ApprovalBody): void
  }
}

/** What a person says to a call that waits. */
export interface Consent {
  readonly id: string
  /** The hash that the person was shown. */
  readonly hash: string
  /** Calls that it is good for, this one included. */
  readonly times?: number | undefined
  readonly forSeconds?: number | undefined
}

/** What a person says against a call that waits, or against an approval that was given. */
export interface Dissent {
  readonly id: string
  readonly hash: string
  /** One printable line. */
  readonly reason?: string | undefined
}

const ID_BYTES = 16
/** The control socket is open to the user that runs the node, and to nobody else. */
const OPERATOR = 'operator'
const PROGRESS_MESSAGE = 'waits for the approval of a person at the node that owns the tool'
const UNRECORDED: Refusal = {
  allowed: false,
  code: 'audit-unavailable',
  sentence:
    'refused: the node that owns this tool cannot write its audit log, and does nothing that it cannot record; its administrator sees why with "warren status"',
}

/**
 * The calls that wait for a person, and the approvals that are good for more than one call. Nothing of it outlives the
 * process: what waits is refused when the node stops, and what was approved is asked for again.
 */
export class ApprovalDesk {
  readonly #init: ApprovalDeskInit
  readonly #held = new Map<string, HeldCall>()
  readonly #grants: ApprovalGrants
  readonly #rate: HoldRate

  constructor(init: ApprovalDeskInit) {
    this.#init = init
    this.#grants = new ApprovalGrants(init.clock)
    this.#rate = new HoldRate(init.clock)
  }

  /** The calls that a person can decide on now, the oldest first. */
  get waiting(): readonly HeldCall[] {
    return [...this.#held.values()].filter(({ stage }) => stage === 'waiting')
  }

  get grants(): readonly Grant[] {
    return this.#grants.list()
  }

  /** Uses an approval that was given for this very thing before; its id where there is one. */
  use(hash: string): string | undefined {
    return this.#grants.use(hash)
  }

  /** Waits for a person; for so long, and for as long as somebody waits for the answer. */
  async hold(question: ApprovalQuestion, hold: Hold | undefined): Promise<ApprovalVerdict> {
    if (hold === undefined) return unfit(question, 'nobody-waits')
    const why = this.#unfit(question)
    if (why !== undefined) return unfit(question, why)
    const held = this.#take(question)
    return hold((waiting) => this.#wait(held, waiting))
  }

  /**
   * Lets a call go on, if it still may; resolves when it has been judged once more, with a refusal where it did not go on.
   *
   * @throws NodeError `approval-unknown`, `approval-mismatch`; StorageError, AuditError where it cannot be written down
   */
  async approve({ id, hash, times, forSeconds }: Consent): Promise<Refusal | undefined> {
    const held = this.#find(id, hash)
    const several = severalOf(times, forSeconds)
    held.stage = 'deciding'
    try {
      await this.#init.audit.append({ ...this.#entry(held, 'approved'), by: OPERATOR, ...several })
    } catch (error) {
      this.#undecided(held)
      throw error
    }
    // Ended by the caller, or by a reload, while it was written down.
    if (this.#held.get(id) !== held) throw gone()
    if (several !== undefined) {
      const { subject } = held.question
      const untilMs = this.#init.clock.monotonicMs() + several.forSeconds * 1000
      this.#grants.add({ id, hash, subject, timesLeft: several.times - 1, untilMs })
    }
    this.#held.delete(id)
    held.approve()
    return held.concluded
  }

  /**
   * Refuses a call that waits, or takes back an approval that is good for more calls.
   *
   * @throws NodeError `approval-unknown`, `approval-mismatch`
   */
  refuse({ id, hash, reason }: Dissent): void {
    const words = { by: OPERATOR, ...(reason === undefined ? {} : { reason }) }
    const grant = this.#grants.list().find((each) => each.id === id && each.hash === hash)
    if (grant !== undefined) {
      this.#grants.withdraw(id)
      this.#init.audit.note({ ...entryOf(grant, 'withdrawn'), ...words })
      return
    }
    const held = this.#find(id, hash)
    this.#init.audit.note({ ...this.#entry(held, 'refused'), ...words })
    this.#end(held, refused(held.question.rules, reason))
  }

  /** Another policy set decides from now on: nothing that was asked or approved under the old one goes on. */
  policyReplaced(): void {
    this.#grants.clear()
    for (const held of this.#held.values()) this.#outdate(held)
  }

  /** Other servers have these names from now on: nothing that was asked or approved for the ones before goes on. */
  serversReplaced(servers: ReadonlySet<string>): void {
    this.#grants.clear(({ subject }) => servers.has(subject.server))
    for (const held of this.#held.values()) {
      if (servers.has(held.question.subject.server)) this.#outdate(held)
    }
  }

  #outdate(held: HeldCall): void {
    this.#note(held, 'cancelled')
    this.#end(held, OUTDATED)
  }

  #unfit({ subject, length }: ApprovalQuestion): Unavailable | undefined {
    const { waitingMax, waitingPerCallerMax } = this.#init.limits
    if (length > SUBJECT_LENGTH_MAX) return 'too-long'
    const ofCaller = [...this.#held.values()].filter(({ caller }) => caller === subject.caller)
    if (ofCaller.length >= waitingPerCallerMax) return 'caller-full'
    if (this.#held.size >= waitingMax) return 'full'
    return this.#rate.take(subject.caller) ? undefined : 'too-often'
  }

  #take(question: ApprovalQuestion): HeldCall {
    const { clock, random, limits } = this.#init
    const id = Buffer.from(random.randomBytes(ID_BYTES)).toString('hex')
    const untilMs = clock.monotonicMs() + limits.waitMs
    const held = new HeldCall(id, question, { sinceMs: clock.wallMs(), untilMs })
    this.#held.set(id, held)
    return held
  }

  async #wait(held: HeldCall, waiting: Waiting): Promise<ApprovalVerdict> {
    const { scheduler, limits } = this.#init
    const onGone = (): void => this.#cancel(held)
    waiting.signal.addEventListener('abort', onGone, { once: true })
    if (waiting.signal.aborted) onGone()
    const stopExpiry = scheduler.after(limits.waitMs, () => this.#expire(held))
    const stopProgress = this.#keepTelling(held, waiting)
    try {
      await this.#show(held)
      return await held.verdict
    } finally {
      stopExpiry()
      stopProgress()
      waiting.signal.removeEventListener('abort', onGone)
    }
  }

  /** What is not written down is shown to nobody. */
  async #show(held: HeldCall): Promise<void> {
    try {
      await this.#init.audit.append(this.#entry(held, 'held'))
    } catch (error) {
      this.#end(held, UNRECORDED)
      if (!(error instanceof StorageError) && !(error instanceof AuditError)) throw error
    }
    if (held.stage !== 'recording') return
    held.stage = 'waiting'
    const { id, caller, question } = held
    const { server, tool } = question.subject
    this.#init.report({ event: 'approval-waits', level: 'info', id, caller, server, tool })
  }

  #keepTelling(held: HeldCall, { progress }: Waiting): () => void {
    const { scheduler } = this.#init
    let stop: (() => void) | undefined
    const tell = (): void => {
      const leftSeconds = this.leftSecondsOf(held)
      if (leftSeconds > 0) progress({ leftSeconds, message: PROGRESS_MESSAGE })
      stop = scheduler.after(PROGRESS_MS, tell)
    }
    tell()
    return () => stop?.()
  }

  /** How long a call still waits. */
  leftSecondsOf({ untilMs }: HeldCall): number {
    return Math.max(0, Math.ceil((untilMs - this.#init.clock.monotonicMs()) / 1000))
  }

  #find(id: string, hash: string): HeldCall {
    const held = this.#held.get(id)
    if (held?.stage !== 'waiting') throw gone()
    if (held.question.hash === hash) return held
    throw new NodeError('approval-mismatch', 'the call that waits under this id has another hash')
  }

  /** An approval that could not be written down is none; the call waits on, unless its time is up. */
  #undecided(held: HeldCall): void {
    if (held.stage !== 'deciding') return
    held.stage = 'waiting'
    if (this.leftSecondsOf(held) === 0) this.#expire(held)
  }

  #expire(held: HeldCall): void {
    // What is being approved was approved in time.
    if (held.stage === 'deciding' || held.stage === 'over') return
    this.#note(held, 'expired')
    this.#end(held, expired(held.question.rules, this.#init.limits.waitMs))
  }

  #cancel(held: HeldCall): void {
    if (held.stage === 'over') return
    this.#note(held, 'cancelled')
    this.#end(held, CANCELLED)
  }

  #end(held: HeldCall, refusal: Refusal): void {
    this.#held.delete(held.id)
    held.refuse(refusal)
  }

  #note(held: HeldCall, event: ApprovalEvent): void {
    this.#init.audit.note(this.#entry(held, event))
  }

  #entry({ id, question }: HeldCall, event: ApprovalEvent): ApprovalBody {
    return entryOf({ id, subject: question.subject }, event)
  }
}

function entryOf(
  { id, subject }: Pick<Grant, 'id' | 'subject'>,
  event: ApprovalEvent,
): ApprovalBody {
  const { caller, server, tool } = subject
  return { kind: 'approval', approval: id, event, caller, server, tool }
}

function unfit({ rules }: ApprovalQuestion, why: Unavailable): ApprovalVerdict {
  return { approved: false, refusal: unavailable(rules, why) }
}

/** What makes an approval good for more calls; nothing where it is good for one. */
function severalOf(
  times: number | undefined,
  forSeconds: number | undefined,
): { readonly times: number; readonly forSeconds: number } | undefined {
  if (times === undefined && forSeconds === undefined) return undefined
  return { times: times ?? TIMES_MAX, forSeconds: forSeconds ?? FOR_SECONDS_DEFAULT }
}

function gone(): NodeError {
  return new NodeError('approval-unknown', 'no call waits under this id, or it does not any more')
}
