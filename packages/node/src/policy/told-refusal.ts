import type { Refusal } from '@warren/mcp'
import { type Decision, noRule, type PolicyEngine, type PolicyRequest } from '@warren/policy'

type RefusedDecision = Extract<Decision, { allowed: false }>

/**
 * What a caller hears of a refusal. A forbid, and why it is there, is told to somebody alone for whom there is a permit;
 * anybody else hears that no rule allows it, which is as true.
 */
export function toldRefusal(
  engine: Pick<PolicyEngine, 'mayAllow'>,
  request: PolicyRequest,
  decision: RefusedDecision,
): Refusal {
  const isHidden = decision.reason === 'denied' && !engine.mayAllow(request)
  const { reason, sentence } = isHidden ? noRule(request) : decision
  return { allowed: false, code: `policy-${reason}`, sentence }
}
