import { MemberAllowance } from './member-allowance.ts'
import type { NetworkLimits } from './network-limits.ts'

/** How many calls there may be at one time, shared by all connections. */
export interface CallAllowances {
  readonly outbound: MemberAllowance
  readonly inbound: MemberAllowance
  /** Sessions that members have with us, in a call or prepared for one. */
  readonly inboundSessions: MemberAllowance
}

/** The allowances that the limits name. */
export function callAllowances(limits: NetworkLimits): CallAllowances {
  const { callsOutboundMax, callsOutboundPerMemberMax, callsInboundMax } = limits
  return {
    outbound: new MemberAllowance({
      perMemberMax: callsOutboundPerMemberMax,
      max: callsOutboundMax,
    }),
    inbound: new MemberAllowance({
      perMemberMax: limits.callsInboundPerMemberMax,
      max: callsInboundMax,
    }),
    // Members that prepare sessions take none away from the others: each is bounded by itself.
    inboundSessions: new MemberAllowance({
      perMemberMax: sessionsPerMemberMax(limits),
      max: Infinity,
    }),
  }
}

/** Streams that one connection may have each way: what the calls and their sessions need, and some for libp2p's own. */
export function streamCounts(limits: NetworkLimits): {
  readonly inboundMax: number
  readonly outboundMax: number
} {
  const { callsOutboundMax, callsOutboundPerMemberMax, preparedMax } = limits
  const calls = Math.min(callsOutboundMax, callsOutboundPerMemberMax)
  return {
    inboundMax: sessionsPerMemberMax(limits) + limits.streamsBesideCallsMax,
    // Prepared sessions, and as many streams that wait for another call.
    outboundMax: calls + 2 * preparedMax + limits.streamsBesideCallsMax,
  }
}

function sessionsPerMemberMax(limits: NetworkLimits): number {
  const { callsInboundMax, callsInboundPerMemberMax, preparedInboundMax } = limits
  return Math.min(callsInboundMax, callsInboundPerMemberMax) + preparedInboundMax
}
