import { readRequestFiles, recordsOfNode, viewRequest } from '@warren/node/ceremony'
import type { Command } from 'commander'
import { type CommonOptions, contextOf } from '../context.ts'
import { outcomeLines, submitAll } from '../propose.ts'

/** `warren submit`: give a complete request, or the copies that were signed apart, to the running node. */
export async function submit(
  files: readonly string[],
  _options: unknown,
  command: Command,
): Promise<void> {
  const { socket, output } = contextOf(command.optsWithGlobals<CommonOptions>())
  const request = await readRequestFiles(files)
  const results = await submitAll(recordsOfNode(socket), request)
  output.result({ results: [...results], ...viewRequest(request) }, outcomeLines(results))
}
