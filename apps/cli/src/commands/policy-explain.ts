import { isJsonObject, type JsonValue } from '@warren/core'
import { askNode, listMember } from '@warren/node/client'
import type { Command } from 'commander'
import { type CommonOptions, contextOf } from '../context.ts'
import { readArguments } from '../read-arguments.ts'
import { shown } from '../shown.ts'

interface ExplainOptions extends CommonOptions {
  readonly caller: string
  readonly server: string
  readonly tool: string
  readonly args: string
}

/** `warren policy explain`: what the running node would decide of a call, by which rules, and what is missing. */
export async function explain(_options: unknown, command: Command): Promise<void> {
  const { caller, server, tool, args, ...common } = command.optsWithGlobals<ExplainOptions>()
  const { socket, output } = contextOf(common)
  const asked = { caller, server, tool, arguments: readArguments(args) }
  const answer = await askNode(socket, { do: 'explain', ...asked })
  output.result(answer, [
    ...verdictLines(answer),
    ...nearestLines(member(answer, 'nearest')),
    ...passingLines(member(answer, 'passing')),
  ])
}

function verdictLines(answer: JsonValue): readonly string[] {
  const rules = listMember(answer, 'rules')
    .map((rule) => shown(rule))
    .join(', ')
  const facts = member(answer, 'facts')
  const known = isJsonObject(facts) ? Object.entries(facts) : []
  return [
    member(answer, 'allowed') === true ? 'allowed' : shown(member(answer, 'sentence')),
    ...(rules === '' ? [] : [`rules  ${rules}`]),
    ...known.map(([name, fact]) => `fact   ${name}: ${JSON.stringify(fact)}`),
  ]
}

function nearestLines(nearest: JsonValue | undefined): readonly string[] {
  if (nearest === undefined || !isJsonObject(nearest)) return []
  const { rule, conditionsHeld, conditionCount, failing } = nearest
  const values = listMember(nearest, 'values').map(
    (value) => `  ${shown(member(value, 'name'))} = ${shown(member(value, 'value'))}`,
  )
  const held = `${shown(conditionsHeld)} of ${shown(conditionCount)} conditions hold`
  return [
    `nearest permit  ${shown(rule)}: ${held}; this one does not: ${shown(failing)}`,
    ...values,
  ]
}

function passingLines(passing: JsonValue | undefined): readonly string[] {
  if (passing === undefined || passing === null) return []
  return [`this would pass  ${JSON.stringify(passing)}`]
}

function member(value: JsonValue, key: string): JsonValue | undefined {
  return isJsonObject(value) ? value[key] : undefined
}
