import type { JsonValue } from '@warren/core'
import { askNode, listMember } from '@warren/node/client'
import type { Command } from 'commander'
import { CommandError } from '../command-error.ts'
import { type CommonOptions, type Context, contextOf } from '../context.ts'
import { shown } from '../shown.ts'
import { table } from '../table.ts'

interface LimitsOptions extends CommonOptions {
  readonly lift?: string
}

/** `warren limits`: what callers may do here within a window, and whom this node keeps out; `--lift` lets one in again. */
export async function limits(_options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<LimitsOptions>()
  const context = contextOf(options)
  if (options.lift !== undefined) return lift(context, options.lift)
  const { socket, output } = context
  const answer = await askNode(socket, { do: 'limits' })
  const rows = rowsOf(answer, 'limits', [
    'id',
    'count',
    'max',
    'within',
    'server',
    'tool',
    'role',
    'actions',
  ])
  const kept = rowsOf(answer, 'keptOut', ['did', 'until', 'because'])
  if (rows.length === 1) output.progress('note: no limits are declared in policies/limits.yaml')
  output.result(answer, [
    ...(rows.length === 1 ? [] : table(rows)),
    ...roomLines(answer),
    ...(kept.length === 1 ? ['nobody is kept out'] : ['kept out:', ...table(kept)]),
  ])
}

/** How much of what may be remembered is, and why calls are not counted where that is so. */
function roomLines(answer: JsonValue): readonly string[] {
  const room = memberOf(answer, 'room')
  const [taken, max, mostOfOne, maxOfOne] = ['taken', 'max', 'mostOfOne', 'maxOfOne'].map((key) =>
    shown(memberOf(room, key)),
  )
  const trouble = memberOf(answer, 'trouble')
  return [
    `room: ${taken} of ${max} calls are taken; the busiest caller has ${mostOfOne} of ${maxOfOne}`,
    ...(trouble === null ? [] : [`calls cannot be counted: ${shown(trouble)}`]),
  ]
}

async function lift({ socket, output }: Context, who: string): Promise<void> {
  const answer = await askNode(socket, { do: 'lift', who })
  if (memberOf(answer, 'lifted') !== true) {
    throw new CommandError('not-kept-out', `this node does not keep "${who}" out`)
  }
  output.result(answer, [`${who} is let in again`])
}

function rowsOf(
  answer: JsonValue,
  key: string,
  columns: readonly string[],
): readonly (readonly string[])[] {
  const rows = listMember(answer, key).map((row) =>
    columns.map((column) => shown(memberOf(row, column))),
  )
  return [columns, ...rows]
}

function memberOf(value: JsonValue, key: string): JsonValue {
  if (typeof value !== 'object' || value === null) return null
  return Object.entries(value).find(([name]) => name === key)?.[1] ?? null
}
