import type { Clock } from '@warren/core'
import type { Gate, GateAnswer, GateQuestion, Refusal } from '@warren/mcp'
import type { FreshnessView, Membership } from '@warren/membership'
import { classifyMessage, type MethodClassification } from '@warren/policy'
import type { CallAudit, JudgedMessage } from './audit/call-audit.ts'
import type { PolicySet } from './load-policies.ts'
import type { Report } from './node-event.ts'

/** What the gate needs from the node. */
export interface PolicyGateComponents {
  readonly clock: Clock
  readonly report: Report
  /** Where it writes down what it says. */
  readonly audit: CallAudit
  /** How this DID stands now, for a node whose knowledge is so fresh; asked again for every message. */
  standingOf(did: string, freshness: FreshnessView): CallerStanding
  /** How fresh what this node knows is, as far as calls of that server go. */
  readonly freshnessFor: (server: string) => FreshnessView
  /** This node, whose own hosts depend on nobody's word. */
  readonly self: string
}

/** What a member may be taken for. */
export type Standing = Pick<Membership, 'roles' | 'enclave'>

/** As much of a standing as the gate looks at. */
export type CallerStanding =
  | { readonly status: 'member'; readonly membership: Standing }
  | { readonly status: 'quarantined' | 'revoked' | 'unknown' }
  | { readonly status: 'stale'; readonly standing: { readonly status: string } }

/** What the gate decides by: the engine, and the name of its set. */
export type GatePolicies = Pick<PolicySet, 'engine' | 'digest'>

/** Of a node's own hosts nobody else has a say. */
const OWN: FreshnessView = { state: 'fresh', why: 'age' }
const NOBODY: Standing = { roles: [], enclave: '' }
const NOT_ADMITTED: Refusal = {
  allowed: false,
  code: 'caller-not-admitted',
  sentence: 'refused: you are not a member of this mesh (any more)',
}
const MALFORMED: Refusal = {
  allowed: false,
  code: 'call-malformed',
  sentence: 'refused: the call names no tool',
}
const STALE: Refusal = {
  allowed: false,
  code: 'knowledge-stale',
  sentence:
    'refused: the node that owns this tool cannot show that it knows of the latest revocations; its administrator sees why with "warren status"',
}

/** What the gate says of one message, and by which rule. */
interface Judgement {
  readonly answer: GateAnswer
  readonly rule?: string
}

/**
 * Decides on every message that comes for a server of this node: first by which membership the
 * caller is still admitted, then what policy says of its roles and enclave. What policy does not
 * allow is refused, and so is a call that cannot be written down.
 */
export class PolicyGate implements Gate {
  readonly #components: PolicyGateComponents
  #policies: GatePolicies

  constructor(policies: GatePolicies, components: PolicyGateComponents) {
    this.#policies = policies
    this.#components = components
  }

  /** The digest of the policy set in force. */
  get policyDigest(): string {
    return this.#policies.digest
  }

  /** Takes over a newly loaded policy; the next message is decided by it. */
  replace(policies: GatePolicies): void {
    const { engine } = this.#policies
    this.#policies = policies
    engine.retire()
  }

  async decide(question: GateQuestion): Promise<GateAnswer> {
    const answer = await this.#components.audit.decided(this.#judge(question))
    if (!answer.allowed) {
      this.#components.report({
        event: 'refused-call',
        level: 'warn',
        code: answer.code,
        caller: question.caller.did,
        server: question.server,
      })
    }
    return answer
  }

  #judge(question: GateQuestion): JudgedMessage {
    const { self, freshnessFor } = this.#components
    const { did } = question.caller
    const freshness = did === self ? OWN : freshnessFor(question.server)
    const standing = this.#components.standingOf(did, freshness)
    const kind = classifyMessage(question.message)
    const { roles, enclave } = standing.status === 'member' ? standing.membership : NOBODY
    return {
      question,
      kind,
      roles,
      enclave,
      policy: this.#policies.digest,
      ...this.#decide(question, standing, { kind, freshness }),
    }
  }

  #decide(
    { caller, server }: GateQuestion,
    standing: CallerStanding,
    { kind, freshness }: { readonly kind: MethodClassification; readonly freshness: FreshnessView },
  ): Judgement {
    const { status } = standing.status === 'stale' ? standing.standing : standing
    if (status !== 'member') return { answer: NOT_ADMITTED }
    if (kind === 'malformed') return { answer: MALFORMED }
    // Beyond the limit for new things what has begun goes on; beyond the last one nothing does.
    const isNew = kind !== 'session'
    if (standing.status !== 'member' || (isNew && freshness.state === 'deny-new')) {
      return { answer: STALE }
    }
    // What belongs to an open session asks for no more than seeing the server does.
    const question = kind === 'session' ? { action: 'list' as const } : kind
    const { roles, enclave } = standing.membership
    const decision = this.#policies.engine.decide({
      caller: { did: caller.did, roles, enclave },
      server,
      ...question,
      atMs: this.#components.clock.wallMs(),
    })
    if (decision.allowed) {
      return { answer: { allowed: true, rule: decision.rule }, rule: decision.rule }
    }
    const { reason, sentence, rule } = decision
    const answer: Refusal = { allowed: false, code: `policy-${reason}`, sentence }
    return rule === undefined ? { answer } : { answer, rule }
  }
}
