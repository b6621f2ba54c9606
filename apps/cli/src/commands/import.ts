import { importHostFile } from '@warren/node'
import type { Command } from 'commander'
import { type CommonOptions, contextOf } from '../context.ts'
import { isRunning, reloadIfRunning } from '../reload-if-running.ts'

/** `warren import <file>`: take over the MCP servers that an AI host's file names. */
export async function importServers(
  file: string,
  _options: unknown,
  command: Command,
): Promise<void> {
  const { directory, socket, output } = contextOf(command.optsWithGlobals<CommonOptions>())
  const imported = importHostFile({ directory, file })
  const isChanged = imported.added.length > 0
  const running = await (isChanged ? reloadIfRunning(socket) : isRunning(socket))
  for (const warning of imported.warnings) output.progress(`note: ${warning}`)
  output.result(
    { added: [...imported.added], warnings: [...imported.warnings], running },
    imported.added.length === 0
      ? ['No server was added.']
      : [
          `Added: ${imported.added.join(', ')}.`,
          `Nobody may use them yet: write a rule into ${directory}/policies/, then "warren reload".`,
          running
            ? 'The running node has taken them over.'
            : 'They start with the next "warren up".',
        ],
  )
}
