import { BoundedMap } from '@warren/core'
import type { Decision } from './decision.ts'
import type { PolicyRequest } from './policy-request.ts'

const DECISIONS_MAX = 1_024
/** A longer question is asked of the engine every time, so that long names cannot fill the memory. */
const KEY_LENGTH_MAX = 1_024

/**
 * Decisions of one policy set that the engine need not be asked for again.
 *
 * A decision is a function of the rules and the request alone. As long as no rule that can match
 * reads the context, which is where the time and the arguments stand, the same caller with the same
 * roles gets the same answer to the same question. A failure of the engine is never remembered.
 */
export class DecisionMemory {
  readonly #decisions = new BoundedMap<string, Decision>(DECISIONS_MAX)

  /** What was decided on this request before, else what `decide` says now. */
  recall(request: PolicyRequest, readsContext: boolean, decide: () => Decision): Decision {
    if (readsContext) return decide()
    const key = keyOf(request)
    const known = this.#decisions.get(key)
    if (known !== undefined) return known
    const decision = decide()
    const lasts = decision.allowed || decision.reason !== 'engine-failure'
    if (lasts && key.length <= KEY_LENGTH_MAX) this.#decisions.set(key, decision)
    return decision
  }
}

/** Everything of a request but its context; two requests that differ have two keys. */
function keyOf({ caller, action, server, tool }: PolicyRequest): string {
  return JSON.stringify([caller.did, caller.roles, caller.enclave, action, server, tool ?? null])
}
