import {
  preparsePolicySet,
  preparseSchema,
  type SchemaJson,
  statefulIsAuthorized,
} from '@cedar-policy/cedar-wasm/nodejs'
import { type CedarQuestion } from './cedar-request.ts'
import { PolicyError } from './policy-error.ts'

/** The engine keeps what is prepared by name in its one memory, for all of this process. */
let namesMade = 0
/** Names that hold nothing any more: there is no call to free one, so each is used again. */
const namesFree: string[] = []
const NO_SCHEMA = {}

/** What the engine says: the ids of what applied and of what could not be evaluated. */
export type CedarVerdict =
  | { readonly type: 'failure' }
  | {
      readonly type: 'answer'
      readonly allowed: boolean
      readonly reasons: readonly string[]
      readonly errors: readonly string[]
    }

/** One prepared schema inside the engine. */
export class CedarSchema {
  readonly name: string

  /** @throws PolicyError `policy-engine-failed` */
  constructor(schema: SchemaJson<string>) {
    this.name = takeName()
    prepare(() => preparseSchema(this.name, schema))
  }

  /** Frees the schema. Nothing may ask by it any more. */
  retire(): void {
    if (succeeds(() => preparseSchema(this.name, NO_SCHEMA))) namesFree.push(this.name)
  }
}

/** One prepared policy set inside the engine. */
export class CedarSet {
  readonly #name: string
  #retired = false

  /** @throws PolicyError `policy-engine-failed` */
  constructor(policies: ReadonlyMap<string, string>) {
    this.#name = takeName()
    const set = { staticPolicies: Object.fromEntries(policies) }
    prepare(() => preparsePolicySet(this.#name, set))
  }

  /** Asks the engine. Never throws: an exception inside it is a failure. */
  ask(question: CedarQuestion, schema: CedarSchema): CedarVerdict {
    // The name may be another set's by now.
    if (this.#retired) return { type: 'failure' }
    try {
      const answer = statefulIsAuthorized({
        ...question,
        preparsedPolicySetId: this.#name,
        preparsedSchemaName: schema.name,
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

  /**
   * Frees the set, by an empty one in its place. Should the engine fail at that, its memory and the
   * name are lost and nothing else.
   */
  retire(): void {
    if (this.#retired) return
    this.#retired = true
    if (succeeds(() => preparsePolicySet(this.#name, { staticPolicies: {} }))) {
      namesFree.push(this.#name)
    }
  }
}

function takeName(): string {
  const free = namesFree.pop()
  if (free !== undefined) return free
  namesMade += 1
  return `warren-${namesMade}`
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
