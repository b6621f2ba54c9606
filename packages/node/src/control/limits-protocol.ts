import type { JsonObject } from '@warren/core'
import type { Did } from '@warren/identity'
import type { BehaviourDesk } from '../behaviour/behaviour-desk.ts'
import { durationOf } from '../behaviour/limit-sentences.ts'

/** What is asked about the limits on callers. */
export type LimitsRequest =
  /** The limits in force, and whom this node keeps out. */
  | { readonly do: 'limits' }
  /** Lets a caller in again that is kept out: a DID, or the name of one member. */
  | { readonly do: 'lift'; readonly who: string }

/** Tells the requests about limits from the others. */
export function isLimitsRequest(
  request: LimitsRequest | { readonly do: string },
): request is LimitsRequest {
  return request.do === 'limits' || request.do === 'lift'
}

/** Answers a request about limits; `didOf` finds whom a name means, and its errors are those of this. */
export function answerAboutLimits(
  behaviour: BehaviourDesk,
  request: LimitsRequest,
  didOf: (who: string) => Did,
): JsonObject {
  if (request.do === 'lift') {
    const did = didOf(request.who)
    return { did, lifted: behaviour.lift(did) }
  }
  const { rules, room, trouble } = behaviour
  return {
    limits: rules.limits.map(({ id, server, tool, role, count, max, withinMs, actions }) => ({
      id,
      server: server ?? null,
      tool: tool ?? null,
      role: role ?? null,
      count,
      max,
      within: count === 'concurrent' ? null : durationOf(withinMs),
      actions: [...actions],
    })),
    facts: [...rules.facts.keys()],
    keptOut: keptOutOf(behaviour),
    room: { ...room },
    trouble: trouble ?? null,
  }
}

/** Whom a node keeps out, since when and for what. */
export function keptOutOf(behaviour: Pick<BehaviourDesk, 'keptOut'>): JsonObject[] {
  return behaviour.keptOut().map(({ caller, because, sinceMs, untilMs }) => ({
    did: caller,
    because,
    since: new Date(sinceMs).toISOString(),
    until: new Date(untilMs).toISOString(),
  }))
}
