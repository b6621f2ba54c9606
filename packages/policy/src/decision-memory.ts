import { BoundedMap } from '@warren/core'
import type { Decision } from './decision.ts'
import type { PolicyRequest } from './policy-request.ts'
import type { Rule } from './policy-source.ts'

const DECISIONS_MAX = 1_024
/** A longer question is asked of the engine every time, so that long names cannot fill the memory. */
const KEY_LENGTH_MAX = 1_024
const READS_CONTEXT = '"Var":"context"'

/**
 * Decisions of one policy set that the engine need not be asked for again.
 *
 * A decision is a function of the rules and the request alone. As long as no rule reads the context,
 * which is where the time stands, the same caller with the same roles gets the same answer to the
 * same question; otherwise nothing is remembered. A failure of the engine is never remembered.
 */
export class DecisionMemory {
  readonly #decisions: BoundedMap<string, Decision> | undefined

  constructor(rules: readonly Rule[]) {
    // The engine's own syntax tree: text inside a rule cannot look like this, its quotes are escaped.
    const readsContext = rules.some(({ json }) => JSON.stringify(json).includes(READS_CONTEXT))
    this.#decisions = readsContext ? undefined : new BoundedMap(DECISIONS_MAX)
  }

  /** What was decided on this request before, else what `decide` says now. */
  recall(request: PolicyRequest, decide: () => Decision): Decision {
    if (this.#decisions === undefined) return decide()
    const key = keyOf(request)
    const known = this.#decisions.get(key)
    if (known !== undefined) return known
    const decision = decide()
    const lasts = decision.allowed || decision.reason !== 'engine-failure'
    if (lasts && key.length <= KEY_LENGTH_MAX) this.#decisions.set(key, decision)
    return decision
  }
}

/** Everything of a request but its time; two requests that differ have two keys. */
function keyOf({ caller, action, server, tool }: PolicyRequest): string {
  return JSON.stringify([caller.did, caller.roles, caller.enclave, action, server, tool ?? null])
}
