import type { Clock } from '@warren/core'
import type { Gate, GateAnswer, GateQuestion } from '@warren/mcp'
import { classifyMessage, type PolicyEngine } from '@warren/policy'
import type { Report } from './node-event.ts'

/** What the gate needs from the node. */
export interface PolicyGateComponents {
  readonly clock: Clock
  readonly report: Report
  /** Whether this DID is a member that is admitted now; asked again for every message. */
  isAdmitted(did: string): boolean
}

/**
 * Decides on every message that comes for a server of this node: first whether the caller is still
 * admitted, then what policy says. What policy does not allow is refused.
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
    if (!this.#components.isAdmitted(caller.did)) {
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
    // What belongs to an open session asks for no more than seeing the server does.
    const question = kind === 'session' ? { action: 'list' as const } : kind
    const decision = this.#engine.decide({
      caller,
      server,
      ...question,
      atMs: this.#components.clock.wallMs(),
    })
    if (decision.allowed) return { allowed: true, rule: decision.rule }
    return { allowed: false, code: `policy-${decision.reason}`, sentence: decision.sentence }
  }
}
