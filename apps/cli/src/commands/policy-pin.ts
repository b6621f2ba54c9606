import { isJsonObject, type JsonObject } from '@warren/core'
import { askNode, listMember } from '@warren/node/client'
import { comparePins, loadConfig, type PinDifference, writePins } from '@warren/node/policy'
import type { Command } from 'commander'
import { confirm } from '../confirm.ts'
import { type CommonOptions, contextOf } from '../context.ts'

interface PinOptions extends CommonOptions {
  readonly yes?: boolean
}

/** `warren policy pin`: pins the tools of a server as it lists them now, and shows what that changes before it replaces anything. */
export async function pin(server: string, _options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<PinOptions>()
  const { directory, socket, output } = contextOf(options)
  const { policies } = loadConfig(directory)
  const answer = await askNode(socket, { do: 'definitions', server })
  const tools: readonly JsonObject[] = listMember(answer, 'tools').filter(isJsonObject)
  const difference = comparePins(policies, server, tools)
  const { file, isPinned, added, removed, changed } = difference
  const lines = differenceWords(difference)
  if (isPinned && lines.length > 0) {
    await confirm(output, {
      lines,
      question: `Replace what is pinned in ${file}?`,
      yes: options.yes === true,
      json: options.json === true,
    })
  }
  await writePins(difference, server, tools)
  output.result(
    {
      file,
      tools: tools.length,
      added: [...added],
      removed: [...removed],
      changed: changed.map(({ name, members }) => ({ name, members: [...members] })),
    },
    [...lines, `${tools.length} tools are pinned in ${file}.`, 'Next: warren reload'],
  )
}

function differenceWords({ added, removed, changed }: PinDifference): readonly string[] {
  return [
    ...added.map((name) => `new      ${name}`),
    ...removed.map((name) => `gone     ${name}`),
    ...changed.map(({ name, members }) => `changed  ${name}: ${members.join(', ')}`),
  ]
}
