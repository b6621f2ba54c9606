import {
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
} from '@cedar-policy/cedar-wasm/nodejs'
import { type CedarQuestion } from './cedar-request.ts'
import { PolicyError } from './policy-error.ts'
import { POLICY_SCHEMA } from './policy-schema.ts'

const SCHEMA_NAME = 'warren'

/** The engine keeps prepared sets by name in its one memory, for all of this process. */
let setsMade = 0

/** What the engine says: the ids of what applied and of what could not be evaluated. */
export type CedarVerdict =
  | { readonly type: 'failure' }
  | {
      readonly type: 'answer'
      readonly allowed: boolean
      readonly reasons: readonly string[]
      readonly errors: readonly string[]
    }

/**
 * One prepared policy set inside the engine.
 *
 * Names of sets are never used twice. The engine has no call to free a set, so `retire` puts an
 * empty one in its place: what stays behind is a name.
 */
export class CedarSet {
  readonly #name: string

  /** @throws PolicyError `policy-engine-failed` */
  constructor(policies: ReadonlyMap<string, string>) {
    setsMade += 1
    this.#name = `warren-${setsMade}`
    prepare(() => preparseSchema(SCHEMA_NAME, POLICY_SCHEMA))
    const set = { staticPolicies: Object.fromEntries(policies) }
    prepare(() => preparsePolicySet(this.#name, set))
  }

  /** Asks the engine. Never throws: an exception inside it is a failure. */
  ask(question: CedarQuestion): CedarVerdict {
    try {
      const answer = statefulIsAuthorized({
        ...question,
        preparsedPolicySetId: this.#name,
        preparsedSchemaName: SCHEMA_NAME,
        validateRequest: true,
      })
      if (answer.type !== 'success') return { type: 'failure' }
      const { decision, diagnostics } = answer.response
      return {
        type: 'answer',
        allowed: decision === 'allow',
        reasons: diagnostics.reason,
        errors: diagnostics.errors.map(({ policyId }) => policyId),
      }
    } catch {
      // Whatever the engine throws, the only safe meaning is "no".
      return { type: 'failure' }
    }
  }

  /** Frees the set. Should the engine fail at that, its memory is lost and nothing else. */
  retire(): void {
    succeeds(() => preparsePolicySet(this.#name, { staticPolicies: {} }))
  }
}

function prepare(step: () => ReturnType<typeof preparsePolicySet>): void {
  if (!succeeds(step)) {
    throw new PolicyError('policy-engine-failed', 'the policy engine failed; restart the node')
  }
}

function succeeds(step: () => ReturnType<typeof preparsePolicySet>): boolean {
  try {
    return step().type === 'success'
  } catch {
    // An exception out of the engine says only that its memory is broken; the caller reports it.
    return false
  }
}
