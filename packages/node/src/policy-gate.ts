import type { Clock } from '@warren/core'
import type { Gate, GateAnswer, GateQuestion, Refusal } from '@warren/mcp'
import {
  classifyMessage,
  type Explanation,
  type MethodClassification,
  type Obligation,
  type PolicyRequest,
  type SeenCall,
} from '@warren/policy'
import type { ApprovalDesk } from './approval/approval-desk.ts'
import { settleApproval } from './approval/settle-approval.ts'
import { isKeptFromList } from './audit/own-question.ts'
import type { CallAudit, JudgedMessage } from './audit/call-audit.ts'
import { type CoveringCapabilities, credentialIds } from './capability/covering-capabilities.ts'
import type { BehaviourDesk, CallerAction, Entry } from './behaviour/behaviour-desk.ts'
import { type PolicySet, retirePolicies } from './load-policies.ts'
import type { Report } from './node-event.ts'
import { type CallFacts, readCallFacts } from './policy/call-facts.ts'
import type { ToolLooks } from './policy/pin/own-look.ts'
import type { PinnedDigests } from './policy/pin/tool-digest.ts'
import { ToolWatch } from './policy/pin/tool-watch.ts'
import { offerLimit } from './policy/offer-limit.ts'
import { entranceOf, type EntranceComponents, MALFORMED, type Standing } from './policy/entrance.ts'

/** What the gate needs from the node. */
export interface PolicyGateComponents extends EntranceComponents {
  readonly clock: Clock
  readonly report: Report
  /** Where it writes down what it says. */
  readonly audit: CallAudit
  /** Where calls wait that a person has to approve. */
  readonly approvals: Pick<ApprovalDesk, 'use' | 'hold' | 'policyReplaced' | 'serversReplaced'>
  /** The capabilities of callers that cover a request; absent, nobody has any. */
  readonly capabilities?: CoveringCapabilities
  /** Lists the tools of a server for the node itself. */
  readonly toolLooks?: ToolLooks
  /** What counts the calls of callers, and does to them what limits and rules say. */
  readonly behaviour: BehaviourDesk
}

/** What the gate decides by: the engine, the facts that it is asked with, and the name of the set. */
export type GatePolicies = Pick<PolicySet, 'engine' | 'layer' | 'digest' | 'limits' | 'pins'>

/** What of the obligations of rules is done to a caller. */
const CALLER_ACTIONS: ReadonlyMap<Obligation, CallerAction> = new Map([
  ['kill-session', 'end-session'],
  ['quarantine-caller', 'quarantine-caller'],
  ['tell-admin', 'tell-admin'],
])
const UNDECIDED: Refusal = {
  allowed: false,
  code: 'engine-failure',
  sentence: 'refused: the node could not decide',
}
/** Reloads during one question, after which it is refused by the set that was replaced. */
const RELOADS_MAX = 3

const NO_PINS: PinnedDigests = new Map()
const LIST = { action: 'list', tool: undefined } as const

/** What the gate says of one message, by which rules and credentials, and what they oblige it to. */
type Judgement = Pick<JudgedMessage, 'answer' | 'rule' | 'rules' | 'obligations' | 'credentials'>

/** What a message asks for, and by which policies its arguments were read. */
interface Asked {
  readonly kind: MethodClassification
  readonly policies: GatePolicies
  /** The call as it is counted, where it is. */
  readonly counted?: SeenCall | undefined
  /** With a tool call alone, and for somebody alone who is let in and whom a permit may allow it. */
  readonly call?: CallFacts | Refusal
}

/** Why a call would be decided as it would, for the operator alone. */
export interface CallExplanation {
  /** There where no rule is asked. */
  readonly refusal?: Refusal
  readonly explanation?: Explanation
  readonly call?: CallFacts
  /** The call as it would be allowed, where a limit on the rows of a SELECT is all that is missing. */
  readonly offered?: CallFacts
}

/**
 * Decides on every message that comes for a server of this node: first by which membership the
 * caller is still admitted, then what policy says of its roles and enclave. What policy does not
 * allow is refused, and so is a call that cannot be written down.
 *
 * A tool call is decided on by what its arguments mean. They are read first, for members alone for whom a permit of
 * that tool may speak: nobody else can tell from an answer what is on this machine. Everything else is looked at when
 * that is done. Right before the call goes on, the paths in it are walked once more.
 */
export class PolicyGate implements Gate {
  readonly #components: PolicyGateComponents
  readonly #tools: ToolWatch
  #policies: GatePolicies

  constructor(policies: GatePolicies, components: PolicyGateComponents) {
    this.#policies = policies
    this.#components = components
    this.#tools = new ToolWatch(
      { report: components.report, clock: components.clock, looks: components.toolLooks },
      policies.pins ?? NO_PINS,
    )
    components.behaviour.configure(policies.limits)
  }

  /** The digest of the policy set in force. */
  get policyDigest(): string {
    return this.#policies.digest
  }

  /** Tools that are listed otherwise than they were pinned: `<server>/<tool>`. */
  changedTools(): readonly string[] {
    return this.#tools.changed()
  }

  /** Takes over a newly loaded policy; the next message is decided by it. */
  replace(policies: GatePolicies): void {
    const replaced = this.#policies
    this.#policies = policies
    this.#components.behaviour.configure(policies.limits)
    if (replaced.digest !== policies.digest) this.#components.approvals.policyReplaced()
    retirePolicies(replaced)
    this.#tools.expect(policies.pins ?? NO_PINS)
  }

  /** What was approved, or listed, for the servers that had these names until now says nothing of the ones to come. */
  serversReplaced(servers: ReadonlySet<string>): void {
    this.#components.approvals.serversReplaced(servers)
    this.#tools.forget(servers)
  }

  /** Ends what it has begun by itself. */
  stop(): void {
    this.#tools.stop()
  }

  async decide(question: GateQuestion): Promise<GateAnswer> {
    const answer = await this.#answer(question)
    if (!answer.allowed && !isKeptFromList(question, answer)) {
      this.#components.report({
        event: 'refused-call',
        level: 'warn',
        code: answer.code,
        caller: question.caller.did,
        server: question.server,
      })
    }
    return this.#tools.watched(question, answer)
  }

  /** Says what would be decided of a tool call, and why. Nothing of it goes on or is written down. */
  async explain(question: GateQuestion): Promise<CallExplanation> {
    const asked = await this.#ask(question, true)
    const { kind, call, policies } = asked
    const { membership, refusal } = entranceOf(this.#components, question, kind)
    if (refusal !== undefined) return { refusal }
    if (call === undefined) return { refusal: MALFORMED }
    if ('allowed' in call) return { refusal: call }
    const explanation = policies.engine.explain(this.#request(question, membership, asked))
    if (explanation.decision.allowed) return { call, explanation }
    const offered = await this.#offer(question, membership, asked)
    return { call, explanation, ...(offered !== undefined && { offered }) }
  }

  /** A member's message is counted before anything is asked about it; whoever is none has no count. */
  async #answer(question: GateQuestion): Promise<GateAnswer> {
    const { audit, behaviour } = this.#components
    const kind = classifyMessage(question.message)
    const { membership, refusal } = entranceOf(this.#components, question, kind)
    const entry: Entry =
      refusal === undefined ? await behaviour.enter(question, kind, membership.roles) : { refusal }
    if ('refusal' in entry) {
      const { refusal: answer, limit } = entry
      const { roles, enclave, gen } = membership
      const rule = limit === undefined ? {} : { rule: limit }
      const policy = this.policyDigest
      const judged = { question, kind, roles, enclave, gen, policy, answer, ...rule }
      const said = await audit.decided(judged)
      behaviour.react(question, entry.breaches)
      return said
    }
    let answer: GateAnswer | undefined
    try {
      answer = await this.#settle(question, entry.call)
    } finally {
      // A call that came to no answer has not gone on, and is open no more.
      if (answer === undefined) behaviour.decided(question, UNDECIDED, entry.call)
    }
    behaviour.react(question, entry.breaches)
    return behaviour.decided(question, answer, entry.call)
  }

  async #settle(question: GateQuestion, counted: SeenCall | undefined): Promise<GateAnswer> {
    const { audit, approvals, behaviour } = this.#components
    const { asked, judged } = await settleApproval(approvals, question, {
      consider: () => this.#consider(question, counted),
      changed: (considered) => this.#changed(considered.asked),
    })
    const answer = await this.#recheck(judged, asked, await audit.decided(judged))
    for (const obligation of judged.obligations ?? []) {
      const action = CALLER_ACTIONS.get(obligation)
      if (action !== undefined) behaviour.act(question, action, `rule "${judged.rule ?? ''}"`)
    }
    return answer
  }

  #offer(
    question: GateQuestion,
    membership: Standing,
    { kind, policies }: Asked,
  ): Promise<CallFacts | undefined> {
    const { engine, layer } = policies
    const tool = typeof kind === 'object' ? kind.tool : undefined
    if (tool === undefined) return Promise.resolve(undefined)
    return offerLimit({
      bounded: async (rows) => {
        const call = await readCallFacts(question, { layer, tool, rows })
        return 'allowed' in call ? undefined : call
      },
      allows: (call) =>
        engine.decide(this.#request(question, membership, { kind, policies, call })).allowed,
    })
  }

  async #consider(
    question: GateQuestion,
    counted: SeenCall | undefined,
  ): Promise<{ asked: Asked; judged: JudgedMessage }> {
    const asked = { ...(await this.#ask(question)), counted }
    return { asked, judged: this.#judge(question, asked) }
  }

  async #ask(question: GateQuestion, forOperator = false): Promise<Asked> {
    const kind = classifyMessage(question.message)
    const tool = typeof kind === 'object' ? kind.tool : undefined
    const { membership, refusal } = entranceOf(this.#components, question, kind)
    if (tool === undefined || refusal !== undefined) return { kind, policies: this.#policies }
    for (let reloads = 0; ; reloads += 1) {
      const policies = this.#policies
      const asked = { kind, policies }
      if (!forOperator && !policies.engine.mayAllow(this.#request(question, membership, asked))) {
        return asked
      }
      const call = await readCallFacts(question, { layer: policies.layer, tool })
      // Facts belong to the set that declares them: to one that came into force meanwhile they say nothing.
      if (policies === this.#policies || reloads === RELOADS_MAX) return { ...asked, call }
    }
  }

  /** Without a wait: decided by what is known at this moment. */
  #judge(question: GateQuestion, asked: Asked): JudgedMessage {
    const { kind, policies } = asked
    const { membership, refusal } = entranceOf(this.#components, question, kind)
    // Much may have happened since the call was let in, where it waited for a person.
    const answer = refusal ?? this.#components.behaviour.objection(question.caller.did)
    const judgement = answer === undefined ? this.#decide(question, membership, asked) : { answer }
    const { roles, enclave, gen } = membership
    return { question, kind, roles, enclave, gen, policy: policies.digest, ...judgement }
  }

  #decide(question: GateQuestion, membership: Standing, asked: Asked): Judgement {
    const { policies, call } = asked
    if (call !== undefined && 'allowed' in call) return { answer: call }
    const request = this.#request(question, membership, asked)
    const decision = policies.engine.decide(request)
    const credentials = credentialIds(request.credentials)
    if (!decision.allowed) {
      const { reason, sentence, rule, obligations } = decision
      const answer: Refusal = { allowed: false, code: `policy-${reason}`, sentence }
      const made = { answer, credentials, obligations }
      return rule === undefined ? made : { ...made, rule }
    }
    const { rule, rules, obligations } = decision
    const isRewritten = call !== undefined && call.reading.rewrites.length > 0
    const given = isRewritten ? { arguments: call.reading.forward } : {}
    return { answer: { allowed: true, rule, ...given }, rule, rules, obligations, credentials }
  }

  #request(
    question: GateQuestion,
    { roles, enclave }: Standing,
    { kind, call, counted }: Asked,
  ): PolicyRequest {
    const { caller, server } = question
    const known = call !== undefined && 'reading' in call ? call : undefined
    // What belongs to an open session asks for no more than seeing the server does.
    const asks = typeof kind === 'object' ? kind : LIST
    const { capabilities, behaviour } = this.#components
    return {
      caller: { did: caller.did, roles, enclave },
      server,
      ...asks,
      ...(asks.action === 'call' && {
        toolState: this.#tools.stateOf(caller.did, server, asks.tool),
      }),
      atMs: this.#components.clock.wallMs(),
      credentials: capabilities?.of(caller.did, { server, kind, call: known }) ?? [],
      // Counted only where the engine asks for it.
      get session() {
        return behaviour.facts(question, kind, counted)
      },
      input: known?.input,
      facts: known === undefined ? undefined : Object.fromEntries(known.reading.facts),
    }
  }

  /** The record comes first: it takes time in which a path can be exchanged. */
  async #recheck(judged: JudgedMessage, asked: Asked, answer: GateAnswer): Promise<GateAnswer> {
    if (!answer.allowed) return answer
    const refusal = await this.#changed(asked)
    if (refusal === undefined) return answer
    if (answer.call === undefined) {
      return this.#components.audit.decided({ ...judged, answer: refusal })
    }
    await answer.call.ended({ outcome: 'refused', code: refusal.code })
    return refusal
  }

  /** Why a call does not mean any more what was read of it. */
  async #changed({ policies, call }: Asked): Promise<Refusal | undefined> {
    if (call === undefined || 'allowed' in call) return undefined
    const changed = await policies.layer.recheck(call.reading)
    if (changed === undefined) return undefined
    return { allowed: false, code: changed.code, sentence: changed.sentence }
  }
}
