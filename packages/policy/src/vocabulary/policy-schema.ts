import type {
  ActionType,
  CommonType,
  NamespaceDefinition,
  SchemaJson,
} from '@cedar-policy/cedar-wasm/nodejs'
import type { FactType } from '../facts/fact-type.ts'
import { SESSION_COUNTS } from '../behaviour/behaviour-rules.ts'
import { BOOL, type CedarType, DATETIME, LONG, recordType, STRING, STRINGS } from './cedar-type.ts'
import { FACT_TYPES } from './fact-types.ts'

/** The namespace of every type in the schema. */
export const NAMESPACE = 'Warren'
/** The group of every call, and the action of a call of which no tool is defined. */
export const CALL = 'call'

/** What the node says of every request besides who asks for what. */
export type Supplied = 'session' | 'tool' | 'credentials'

/** Facts of the past of a caller that are declared, and whether each is a truth value. */
export type DeclaredPast = ReadonlyMap<string, 'truth' | 'count'>

/** What the node says with every request. */
export interface SuppliedFacts {
  readonly supplies: ReadonlySet<Supplied>
  readonly past: DeclaredPast
}

/** One tool as an action of its own, as far as the schema needs it. */
export interface ToolTypes {
  /** `<server>/<tool>`. */
  readonly id: string
  readonly input: CedarType
  /** The facts of its arguments, and whether they are there in every call. */
  readonly facts: ReadonlyMap<string, { readonly type: FactType; readonly sure: boolean }>
}

/** Who asks, and of what. */
export const ENTITY_TYPES: NamespaceDefinition<string>['entityTypes'] = {
  Role: {},
  Caller: {
    memberOfTypes: ['Role'],
    shape: recordType([
      ['did', STRING],
      ['enclave', STRING],
    ]),
  },
  Server: { memberOfTypes: [], shape: recordType([['name', STRING]]) },
  Tool: { memberOfTypes: ['Server'], shape: recordType([['name', STRING]]) },
}
/** How a tool stands now. */
export const TOOL_STATE: CedarType = recordType([
  ['pinned', BOOL],
  ['confinement', STRING],
])
const TYPES: ReadonlyMap<FactType, string> = new Map([
  ['path', 'PathFact'],
  ['paths', 'PathsFact'],
  ['sql', 'SqlFact'],
  ['url', 'UrlFact'],
  ['urls', 'UrlsFact'],
  ['shell', 'ShellFact'],
  ['regex', 'RegexFact'],
  ['json', 'JsonFact'],
])

/**
 * The vocabulary of every policy, in Cedar's JSON form of a schema (Cedar 4.5), in which names are
 * values and need no quoting.
 *
 * A caller is a member of the mesh by its DID. A tool stands in its server, with the id
 * `<server>/<tool>`. A tool that is defined is an action of its own in the group `call`, with what
 * it takes in the context; the action `call` itself is for other tools and methods that name none.
 */
export function policySchema(
  tools: readonly ToolTypes[],
  { supplies, past }: SuppliedFacts,
): SchemaJson<string> {
  const general = contextOf(supplies, new Set(['session', 'credentials']))
  const calls = contextOf(supplies, new Set(['session', 'credentials', 'tool']))
  const actions: Record<string, ActionType<string>> = {
    [CALL]: actionOn(['Tool', 'Server'], calls),
    read: actionOn(['Server'], general),
    list: actionOn(['Server'], general),
  }
  const toolActions = tools.map((tool) => [tool.id, toolAction(tool, calls)] as const)
  const namespace: NamespaceDefinition<string> = {
    entityTypes: ENTITY_TYPES,
    commonTypes: commonTypesOf(tools, { supplies, past }),
    actions: { ...actions, ...Object.fromEntries(toolActions) },
  }
  return { [NAMESPACE]: namespace }
}

/** Those that are used: the engine's time grows with the schema. */
function commonTypesOf(
  tools: readonly ToolTypes[],
  { supplies, past }: SuppliedFacts,
): Record<string, CommonType<string>> {
  const used = new Set(tools.flatMap(({ facts }) => [...facts.values()].map(({ type }) => type)))
  const facts = [...TYPES].filter(([type]) => used.has(type))
  return {
    ...(supplies.has('session') && { Session: sessionType(past) }),
    ...(supplies.has('tool') && { ToolState: TOOL_STATE }),
    ...Object.fromEntries(facts.map(([type, name]) => [name, FACT_TYPES[type]])),
  }
}

/** What is counted of a caller, and what is declared of its past. */
export function sessionType(past: DeclaredPast): CedarType {
  return recordType([
    ...SESSION_COUNTS.map((name) => [name, LONG] as const),
    ...[...past].map(([name, kind]) => [name, kind === 'truth' ? BOOL : LONG] as const),
  ])
}

function toolAction(
  { input, facts }: ToolTypes,
  calls: readonly (readonly [string, CedarType])[],
): ActionType<string> {
  const typed = (sure: boolean): [string, CedarType][] =>
    [...facts]
      .filter(([, fact]) => fact.sure === sure)
      .map(([argument, { type }]) => [argument, named(TYPES.get(type) ?? '')])
  const fact = recordType(typed(true), typed(false))
  const action = actionOn(['Tool'], [...calls, ['input', input], ['fact', fact]])
  return { ...action, memberOf: [{ id: CALL }] }
}

function actionOn(
  resourceTypes: string[],
  context: readonly (readonly [string, CedarType])[],
): ActionType<string> {
  return { appliesTo: { principalTypes: ['Caller'], resourceTypes, context: recordType(context) } }
}

function contextOf(
  supplies: ReadonlySet<Supplied>,
  wanted: ReadonlySet<Supplied>,
): readonly (readonly [string, CedarType])[] {
  const supplied: readonly (readonly [Supplied, CedarType])[] = [
    ['session', named('Session')],
    ['tool', named('ToolState')],
    ['credentials', STRINGS],
  ]
  const given = supplied.filter(([name]) => supplies.has(name) && wanted.has(name))
  return [['at', DATETIME], ...given]
}

function named(name: string): CedarType {
  return { type: 'EntityOrCommon', name }
}
