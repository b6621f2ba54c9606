import type { Clock } from '@warren/core'
import type { Gate, GateAnswer, GateQuestion } from '@warren/mcp'
import type { FreshnessView, Membership } from '@warren/membership'
import { classifyMessage, type PolicyEngine } from '@warren/policy'
import type { Report } from './node-event.ts'

/** What the gate needs from the node. */
export interface PolicyGateComponents {
  readonly clock: Clock
  readonly report: Report
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

/** Of a node's own hosts nobody else has a say. */
const OWN: FreshnessView = { state: 'fresh', why: 'age' }
const NOT_ADMITTED: GateAnswer = {
  allowed: false,
  code: 'caller-not-admitted',
  sentence: 'refused: you are not a member of this mesh (any more)',
}
const STALE: GateAnswer = {
  allowed: false,
  code: 'knowledge-stale',
  sentence:
    'refused: the node that owns this tool cannot show that it knows of the latest revocations; its administrator sees why with "warren status"',
}

/**
 * Decides on every message that comes for a server of this node: first by which membership the
 * caller is still admitted, then what policy says of its roles and enclave. What policy does not
 * allow is refused.
 */
export class PolicyGate implements Gate {
  readonly #components: PolicyGateComponents
  #engine: PolicyEngine

  constructor(engine: PolicyEngine, components: PolicyGateComponents) {
    this.#engine = engine
    this.#components = components
  }

  /** Takes over a newly loaded policy; the next message is decided by it. */
  replace(engine: PolicyEngine): void {
    const old = this.#engine
    this.#engine = engine
    old.retire()
  }

  // oxlint-disable-next-line require-await -- the port is asynchronous; this gate needs no I/O
  async decide(question: GateQuestion): Promise<GateAnswer> {
    const answer = this.#judge(question)
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

  #judge({ caller, server, message }: GateQuestion): GateAnswer {
    const { self, freshnessFor } = this.#components
    const { did } = caller
    const freshness = did === self ? OWN : freshnessFor(server)
    const standing = this.#components.standingOf(did, freshness)
    const { status } = standing.status === 'stale' ? standing.standing : standing
    if (status !== 'member') return NOT_ADMITTED
    const kind = classifyMessage(message)
    if (kind === 'malformed') {
      return { allowed: false, code: 'call-malformed', sentence: 'refused: the call names no tool' }
    }
    // Beyond the limit for new things what has begun goes on; beyond the last one nothing does.
    const isNew = kind !== 'session'
    if (standing.status !== 'member' || (isNew && freshness.state === 'deny-new')) return STALE
    // What belongs to an open session asks for no more than seeing the server does.
    const question = kind === 'session' ? { action: 'list' as const } : kind
    const decision = this.#engine.decide({
      caller: { did, roles: standing.membership.roles, enclave: standing.membership.enclave },
      server,
      ...question,
      atMs: this.#components.clock.wallMs(),
    })
    if (decision.allowed) return { allowed: true, rule: decision.rule }
    return { allowed: false, code: `policy-${decision.reason}`, sentence: decision.sentence }
  }
}
