import type { Clock } from '@warren/core'
import type { Gate, GateAnswer, GateQuestion } from '@warren/mcp'
import type { FreshnessState, Membership } from '@warren/membership'
import { classifyMessage, type PolicyEngine } from '@warren/policy'
import type { Report } from './node-event.ts'

/** What the gate needs from the node. */
export interface PolicyGateComponents {
  readonly clock: Clock
  readonly report: Report
  /** What the membership in force now makes of this DID; asked again for every message. */
  standingOf(did: string): Standing | undefined
  /** How fresh what this node knows is, as far as calls of that server go. */
  readonly freshnessFor: (server: string) => FreshnessState
  /** This node, whose own hosts depend on nobody's word. */
  readonly self: string
}

/** What a member may be taken for. */
export type Standing = Pick<Membership, 'roles' | 'enclave'>

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

  /** Beyond the limit for new things what has begun goes on; beyond the last one nothing does. */
  #staleness(
    { caller, server }: Pick<GateQuestion, 'caller' | 'server'>,
    hasBegun: boolean,
  ): GateAnswer | undefined {
    const { self, freshnessFor } = this.#components
    if (caller.did === self) return undefined
    const state = freshnessFor(server)
    if (state !== 'stop' && (state !== 'deny-new' || hasBegun)) return undefined
    return {
      allowed: false,
      code: 'knowledge-stale',
      sentence:
        'refused: the node that owns this tool cannot show that it knows of the latest revocations; its administrator sees why with "warren status"',
    }
  }

  #judge({ caller, server, message }: GateQuestion): GateAnswer {
    const { did } = caller
    const standing = this.#components.standingOf(did)
    if (standing === undefined) {
      return {
        allowed: false,
        code: 'caller-not-admitted',
        sentence: 'refused: you are not a member of this mesh (any more)',
      }
    }
    const kind = classifyMessage(message)
    if (kind === 'malformed') {
      return { allowed: false, code: 'call-malformed', sentence: 'refused: the call names no tool' }
    }
    const stale = this.#staleness({ caller, server }, kind === 'session')
    if (stale !== undefined) return stale
    // What belongs to an open session asks for no more than seeing the server does.
    const question = kind === 'session' ? { action: 'list' as const } : kind
    const decision = this.#engine.decide({
      caller: { did, roles: standing.roles, enclave: standing.enclave },
      server,
      ...question,
      atMs: this.#components.clock.wallMs(),
    })
    if (decision.allowed) return { allowed: true, rule: decision.rule }
    return { allowed: false, code: `policy-${decision.reason}`, sentence: decision.sentence }
  }
}
