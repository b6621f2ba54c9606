import type { SchemaJson } from '@cedar-policy/cedar-wasm/nodejs'
import { type Reads, readsBelow } from '../context/context-reads.ts'
import { type CedarType, DATETIME, recordType, STRINGS } from './cedar-type.ts'
import { FACT_TYPES } from './fact-types.ts'
import { inputType } from './input-type.ts'
import {
  CALL,
  ENTITY_TYPES,
  NAMESPACE,
  sessionType,
  type SuppliedFacts,
  TOOL_STATE,
  type ToolTypes,
} from './policy-schema.ts'
import { typeRead } from './type-read.ts'
import type { RecordShape } from './shape.ts'

/** One action that is asked about. */
export interface AskedAction {
  /** `<server>/<tool>`, or one of the actions that every node has. */
  readonly name: string
  /** What the tool takes, where the action is a tool. */
  readonly tool?: {
    readonly shape: RecordShape | undefined
    readonly facts: ToolTypes['facts']
  }
  readonly supplied: SuppliedFacts
}

const IN_CALL = { memberOf: [{ id: CALL }] }
const NO_INPUT: RecordShape = { kind: 'record', fields: new Map(), closed: false }

/** The types of all that the node says with a request of one action besides its time, by their names in the context. */
export function saidTypes({
  name,
  tool,
  supplied: { supplies, past },
}: AskedAction): ReadonlyMap<string, CedarType> {
  const types = new Map<string, CedarType>()
  if (supplies.has('session')) types.set('session', sessionType(past))
  if (supplies.has('tool') && isCall(name, tool)) types.set('tool', TOOL_STATE)
  if (supplies.has('credentials')) types.set('credentials', STRINGS)
  if (tool !== undefined) types.set('fact', factsType(tool.facts))
  return types
}

/**
 * As much of the schema as the engine needs to be asked about one action, since its time grows with it: of the context
 * what rules on this action read, and of actions this one, the other tools into which those rules look, and the group in
 * which they stand.
 *
 * Rules are checked against the whole schema when they are loaded.
 */
export function actionSchema(
  action: AskedAction,
  reads: Reads,
  otherTools: readonly string[] = [],
): SchemaJson<string> {
  const { name, tool } = action
  const appliesTo = {
    principalTypes: ['Caller'],
    resourceTypes: [
      ...(isCall(name, tool) ? ['Tool'] : []),
      ...(tool === undefined ? ['Server'] : []),
    ],
    context: contextType(action, reads),
  }
  const others = Object.fromEntries(otherTools.map((other) => [other, IN_CALL]))
  const isGroupNamed = tool !== undefined || otherTools.length > 0
  const actions = {
    ...(isGroupNamed && { [CALL]: {} }),
    ...others,
    [name]: { appliesTo, ...(tool !== undefined && IN_CALL) },
  }
  return { [NAMESPACE]: { entityTypes: ENTITY_TYPES, actions } }
}

function contextType(action: AskedAction, reads: Reads): CedarType {
  const { tool } = action
  const said = [['at', DATETIME] as const, ...saidTypes(action)].flatMap(([name, type]) => {
    const below = readsBelow(reads, name)
    return below === undefined ? [] : [[name, typeRead(type, below)] as const]
  })
  const input = tool === undefined ? undefined : readsBelow(reads, 'input')
  if (input === undefined) return recordType(said)
  return recordType([...said, ['input', inputType(tool?.shape ?? NO_INPUT, input)]])
}

function isCall(name: string, tool: AskedAction['tool']): boolean {
  return name === CALL || tool !== undefined
}

function factsType(facts: ToolTypes['facts']): CedarType {
  const typed = (sure: boolean): [string, CedarType][] =>
    [...facts]
      .filter(([, fact]) => fact.sure === sure)
      .map(([argument, { type }]) => [argument, FACT_TYPES[type]])
  return recordType(typed(true), typed(false))
}
