import type { JsonValue } from '@warren/core'
import { askNode, listMember, numberMember } from '@warren/node/client'
import type { Command } from 'commander'
import { type CommonOptions, contextOf } from '../context.ts'

/** `warren reload`: let the running node take over changed servers and policies, and say what waits for the next start. */
export async function reload(_options: unknown, command: Command): Promise<void> {
  const { socket, output } = contextOf(command.optsWithGlobals<CommonOptions>())
  const answer = await askNode(socket, { do: 'reload' })
  output.result(answer, [
    'The node has taken over its servers and policies.',
    `servers  ${names(answer, 'servers')}`,
    `rules    ${numberMember(answer, 'rules')}`,
  ])
  const restart = names(answer, 'restart')
  if (restart !== '') output.progress(`note: in force with the next "warren up" only: ${restart}`)
}

function names(answer: JsonValue, key: string): string {
  return listMember(answer, key)
    .filter((item) => typeof item === 'string')
    .join(', ')
}
