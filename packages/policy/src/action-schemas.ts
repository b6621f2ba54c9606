import { CedarSchema } from './cedar-set.ts'
import { toolId, type Uid, uid } from './cedar-request.ts'
import { contextReads } from './context/context-reads.ts'
import type { ContextPlan } from './context/write-context.ts'
import { type NamedEntity, namedEntities } from './named-entities.ts'
import type { PolicyRequest } from './policy-request.ts'
import type { Rule } from './policy-source.ts'
import { lookedInto } from './slicing/looked-into.ts'
import { actionMatches, actionPlace } from './slicing/rule-scope.ts'
import { actionSchema, saidTypes } from './vocabulary/action-schema.ts'
import { CALL } from './vocabulary/policy-schema.ts'
import type { Vocabulary } from './vocabulary/vocabulary.ts'

const ACTION = uid('Action', '').type

/** How a request with one action is asked about. */
export interface ActionPlan extends ContextPlan {
  readonly action: string
  readonly schema: CedarSchema
  /** Tools and servers into which rules on this action look, whether or not they are asked for. */
  readonly named: readonly NamedEntity[]
}

/**
 * The part of the schema that each action needs, prepared when it is first asked about: the engine's
 * time grows with the schema as well. Of the context only what rules on this action read is in it.
 */
export class ActionSchemas {
  readonly #vocabulary: Vocabulary
  readonly #rules: readonly Rule[]
  readonly #plans = new Map<string, ActionPlan>()

  constructor(vocabulary: Vocabulary, rules: readonly Rule[]) {
    this.#vocabulary = vocabulary
    this.#rules = rules
  }

  /** @throws PolicyError `policy-engine-failed` */
  planFor({ action: asked, server, tool: name }: PolicyRequest): ActionPlan {
    const tool = name === undefined ? undefined : this.#vocabulary.tool(toolId(server, name))
    const action = asked === CALL && tool !== undefined ? tool.id : asked
    const known = this.#plans.get(action)
    if (known !== undefined) return known
    const place = actionPlace(uid('Action', action))
    const rules = this.#rules.filter(({ json }) => actionMatches(json.action, place))
    const policies = rules.map(({ json }) => json)
    const reads = contextReads(policies)
    const inside = lookedInto(policies)
    const { supplies } = this.#vocabulary
    const described = this.#vocabulary.askedAction(action)
    const schema = new CedarSchema(actionSchema(described, reads, this.#toolsOf(inside)))
    const named = namedEntities(inside)
    const plan = { action, tool, said: saidTypes(described), reads, schema, supplies, named }
    this.#plans.set(action, plan)
    return plan
  }

  /** Those of some entities that are actions of tools. */
  #toolsOf(entities: readonly Uid[]): readonly string[] {
    const actions = entities.filter(({ type }) => type === ACTION)
    return actions.map(({ id }) => id).filter((id) => this.#vocabulary.tool(id) !== undefined)
  }

  /** Frees the schemas. */
  retire(): void {
    for (const { schema } of this.#plans.values()) schema.retire()
    this.#plans.clear()
  }
}
