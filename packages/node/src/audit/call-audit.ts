import type { GateAnswer, GateQuestion } from '@warren/mcp'
import type { MethodClassification, Obligation } from '@warren/policy'

/** One message of a host's side, and what the gate says of it. */
export interface JudgedMessage {
  readonly question: GateQuestion
  readonly answer: GateAnswer
  readonly kind: MethodClassification
  /** What the caller was taken for; empty for somebody who is no member. */
  readonly roles: readonly string[]
  readonly enclave: string
  /** The generation of its membership: how often it was let in, once more after each revocation; 0 for nobody. */
  readonly gen: number
  /** The rule that decided, where one did. */
  readonly rule?: string
  /** With a message that policy allows: every rule that allows it, and what they oblige the node to. */
  readonly rules?: readonly string[]
  readonly obligations?: readonly Obligation[]
  /** The approval of a person that it needed, whether that was given or not. */
  readonly approval?: string
  /** Ids of the credentials that covered the call. */
  readonly credentials?: readonly string[]
  /** The digest of the policy set that was asked. */
  readonly policy: string
}

/** Where the gate writes down what it says, before it says it. */
export interface CallAudit {
  /** The answer that may leave: the gate's own, or a refusal where that could not be written down. Never rejects. */
  decided(judged: JudgedMessage): Promise<GateAnswer>
}
