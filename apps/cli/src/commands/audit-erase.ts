import { askNode } from '@warren/node/client'
import type { Command } from 'commander'
import { entryPlace } from '../audit-range.ts'
import { confirm } from '../confirm.ts'
import { type CommonOptions, contextOf } from '../context.ts'

interface EraseOptions extends CommonOptions {
  readonly what: 'bodies' | 'entries'
  readonly yes?: boolean
}

/** `warren audit erase`: erases a closed segment for good; the log says that it did, and its tree stays. */
export async function auditErase(
  segment: string,
  _options: unknown,
  command: Command,
): Promise<void> {
  const options = command.optsWithGlobals<EraseOptions>()
  const { socket, output } = contextOf(options)
  const place = entryPlace(segment)
  const { what, yes, json } = options
  const things = what === 'bodies' ? 'the kept values and salts' : 'all entries and kept values'
  await confirm(output, {
    lines: [`This erases ${things} of the segment that begins with entry ${place}, for good.`],
    question: 'Erase it?',
    yes: yes === true,
    json: json === true,
  })
  const answer = await askNode(socket, { do: 'audit-erase', segment: place, what })
  output.result(answer, [`erased ${things} of the segment that begins with entry ${place}`])
}
