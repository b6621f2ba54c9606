import type { SchemaJson } from '@cedar-policy/cedar-wasm/nodejs'
import type { JsonObject } from '@warren/core'
import type { FactType } from '../facts/fact-type.ts'
import { PolicyError } from '../policy-error.ts'
import type { AskedAction } from './action-schema.ts'
import { inputType } from './input-type.ts'
import { mapInputSchema, type OpaquePart } from './map-json-schema.ts'
import {
  type DeclaredPast,
  policySchema,
  type Supplied,
  type SuppliedFacts,
  type ToolTypes,
} from './policy-schema.ts'
import { type Field, isSure, type RecordShape } from './shape.ts'

/** What is known of one tool: its pinned definition, what its arguments mean, or both. */
export interface ToolDefinition {
  /** Name of the server in the configuration. */
  readonly server: string
  /** As the server spells it. */
  readonly name: string
  /** Absent when the tool is declared only: a rule may then read its facts alone. */
  readonly inputSchema?: JsonObject | undefined
  /** What its arguments mean, by their address in the arguments (`path`, `options.file`, `paths[]`). */
  readonly facts?: Readonly<Record<string, FactType>> | undefined
}

/** A part of a tool's definition that rules cannot name. */
export interface OpaqueArgument extends OpaquePart {
  /** `<server>/<tool>`. */
  readonly tool: string
}

/** A tool that is an action of its own. */
export interface ToolAction {
  readonly id: string
  /** Absent when nothing is pinned, so nothing can be required of the arguments. */
  readonly shape: RecordShape | undefined
  readonly facts: ToolTypes['facts']
}

const TOOLS_MAX = 1024
const TOOL_NAME_LENGTH_MAX = 256
const SERVER_PATTERN = /^[a-z][a-z0-9-]{0,31}$/
const NO_INPUT: RecordShape = { kind: 'record', fields: new Map(), closed: false }

/** The words that rules may use on this node: its tools as actions, and what each takes. */
export class Vocabulary {
  readonly supplies: ReadonlySet<Supplied>
  readonly opaque: readonly OpaqueArgument[]
  readonly #tools: ReadonlyMap<string, ToolAction>
  readonly #past: DeclaredPast

  /**
   * A definition that cannot be mapped is listed in `opaque` and harms no other.
   *
   * @throws PolicyError `policy-too-large`
   */
  constructor(
    tools: readonly ToolDefinition[],
    supplies: readonly Supplied[],
    past: DeclaredPast = new Map(),
  ) {
    if (tools.length > TOOLS_MAX) {
      throw new PolicyError('policy-too-large', `at most ${TOOLS_MAX} tools are defined`)
    }
    const opaque: OpaqueArgument[] = []
    const actions = new Map<string, ToolAction>()
    for (const [id, definitions] of Map.groupBy(tools, idOf)) {
      const { action, parts } = actionOf(id, definitions)
      opaque.push(...parts.map(({ argument, why }) => ({ tool: id, argument, why })))
      if (action !== undefined) actions.set(id, action)
    }
    this.supplies = new Set(supplies)
    this.#past = past
    this.opaque = opaque
    this.#tools = actions
  }

  /** The action of a tool, or undefined when nothing is known of it. */
  tool(id: string): ToolAction | undefined {
    return this.#tools.get(id)
  }

  /** The schema that rules are checked against. */
  schema(): SchemaJson<string> {
    const tools = [...this.#tools.values()].map(typesOf)
    return policySchema(tools, this.#supplied())
  }

  /** An action as it is asked about, with what the node says with it. */
  askedAction(name: string): AskedAction {
    const tool = this.#tools.get(name)
    const supplied = this.#supplied()
    return tool === undefined ? { name, supplied } : { name, tool, supplied }
  }

  #supplied(): SuppliedFacts {
    return { supplies: this.supplies, past: this.#past }
  }
}

function typesOf({ id, shape, facts }: ToolAction): ToolTypes {
  return { id, input: inputType(shape ?? NO_INPUT, 'all'), facts }
}

function idOf({ server, name }: ToolDefinition): string {
  return `${server}/${name}`
}

function actionOf(
  id: string,
  definitions: readonly ToolDefinition[],
): { readonly action?: ToolAction; readonly parts: readonly OpaquePart[] } {
  const [definition, ...others] = definitions
  const isNamed =
    definition !== undefined &&
    SERVER_PATTERN.test(definition.server) &&
    definition.name.length <= TOOL_NAME_LENGTH_MAX &&
    definition.name.isWellFormed()
  if (!isNamed)
    return { parts: [whole('its name is malformed or too long; rules see no action of it')] }
  const facts = definition.facts ?? {}
  if (others.length > 0 || definition.inputSchema === undefined) {
    const why = others.length > 0 ? 'it is defined twice' : 'its definition is not pinned'
    return {
      action: { id, shape: undefined, facts: factsOf(facts, NO_INPUT) },
      parts: [whole(why)],
    }
  }
  const { shape, opaque } = mapInputSchema(definition.inputSchema)
  return { action: { id, shape, facts: factsOf(facts, shape) }, parts: opaque }
}

function whole(why: string): OpaquePart {
  return { argument: '', why }
}

function factsOf(
  facts: Readonly<Record<string, FactType>>,
  shape: RecordShape,
): ToolTypes['facts'] {
  return new Map(
    Object.entries(facts).map(([argument, type]) => [
      argument,
      { type, sure: isAlways(argument, shape) },
    ]),
  )
}

/** Says whether an argument is there in every call that fits the definition. */
function isAlways(argument: string, shape: RecordShape): boolean {
  let record: RecordShape | undefined = shape
  for (const name of argument.replace(/(?:\[\])+$/, '').split('.')) {
    const field: Field | undefined = record?.fields.get(name)
    if (field === undefined || !isSure(field)) return false
    record = field.shape.kind === 'record' ? field.shape : undefined
  }
  return true
}
