import { askNode, listMember } from '@warren/node/client'
import type { Command } from 'commander'
import { type CommonOptions, contextOf } from '../context.ts'

/** `warren reload`: let the running node take over what was changed in `warren.yaml` and `policies/`. */
export async function reload(_options: unknown, command: Command): Promise<void> {
  const { socket, output } = contextOf(command.optsWithGlobals<CommonOptions>())
  const answer = await askNode(socket, { do: 'reload' })
  const count = listMember(answer, 'servers').length
  output.result(answer, [`The node has taken over its files: ${count} servers.`])
}
