import { addServer } from '@warren/node'
import type { Command } from 'commander'
import { type CommonOptions, contextOf } from '../context.ts'
import { reloadIfRunning } from '../reload-if-running.ts'
import { CommandError } from '../command-error.ts'

interface ServeOptions extends CommonOptions {
  readonly url?: string
  readonly title?: string
  readonly env: readonly string[]
  readonly cwd?: string
  readonly allowRole: readonly string[]
}

/** `warren serve <name> [command...]`: offer an MCP server of this machine to the mesh. */
export async function serve(
  name: string,
  words: readonly string[],
  _options: unknown,
  command: Command,
): Promise<void> {
  const options = command.optsWithGlobals<ServeOptions>()
  const { directory, socket, output } = contextOf(options)
  const added = addServer({
    directory,
    name,
    definition: definitionOf(words, options),
    allowRoles: options.allowRole,
  })
  const running = await reloadIfRunning(socket)
  const opening =
    added.policyFile === undefined
      ? `Nobody may use it yet: write a rule into ${directory}/policies/, then "warren reload".`
      : `The rule that opens it is in ${added.policyFile}.`
  output.result({ name, ...added, running }, [
    `"${name}" stands in ${added.configFile}.`,
    opening,
    running ? 'The running node has taken it over.' : 'It starts with the next "warren up".',
  ])
}

function definitionOf(
  words: readonly string[],
  options: ServeOptions,
): Parameters<typeof addServer>[0]['definition'] {
  const title = options.title === undefined ? {} : { title: options.title }
  if (options.url !== undefined) {
    if (words.length > 0)
      throw new CommandError('usage', 'give either --url or a command, not both')
    return { url: options.url, ...title }
  }
  const [program, ...args] = words
  if (program === undefined) {
    throw new CommandError('usage', 'give the command that starts the server after "--", or --url')
  }
  const env = Object.fromEntries(options.env.map(parseAssignment))
  return {
    command: program,
    args,
    ...title,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env.length === 0 ? {} : { env }),
  }
}

function parseAssignment(text: string): readonly [string, string] {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) {
    throw new CommandError('usage', '--env takes NAME=VALUE')
  }
  return [name, value]
}
