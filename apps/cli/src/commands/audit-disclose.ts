import { isJsonObject, type JsonValue } from '@warren/core'
import { entrySentence, layOpen, readValue } from '@warren/node/audit'
import { askNode, listMember, textMember } from '@warren/node/client'
import type { Command } from 'commander'
import { logDirectory } from '../audit-options.ts'
import { entryPlace } from '../audit-range.ts'
import { CommandError } from '../command-error.ts'
import { type CommonOptions, type Context, contextOf } from '../context.ts'
import { writeNew } from '../write-new.ts'

/** What it holds was kept from everybody else. */
const MODE = 0o600

interface DiscloseOptions extends CommonOptions {
  readonly out: string
  readonly value?: string
}

/** `warren audit disclose`: one value of one entry with what proves it, for somebody who has the log and nothing else. */
export async function auditDisclose(
  seq: string,
  field: string | undefined,
  _options: unknown,
  command: Command,
): Promise<void> {
  const options = command.optsWithGlobals<DiscloseOptions>()
  const context = contextOf(options)
  const place = { seq: entryPlace(seq), path: field ?? '' }
  const text =
    options.value === undefined ? await keptText(context, place) : await readValue(options.value)
  const salt = textMember(await askNode(context.socket, { do: 'audit-salt', ...place }), 'salt')
  const directory = logDirectory(context, undefined)
  const { entry, file } = await layOpen({ directory, ...place, text, salt })
  await writeNew(options.out, `${file}\n`, MODE)
  const what = place.path === '' ? 'the whole value' : `"${place.path}"`
  context.output.result({ file: options.out, node: entry.node, ...place }, [
    entrySentence(entry),
    `wrote ${what} of entry ${place.seq}, and what proves it, to ${options.out}`,
  ])
}

async function keptText(
  { socket }: Context,
  { seq, path }: { readonly seq: number; readonly path: string },
): Promise<string> {
  const values = listMember(await askNode(socket, { do: 'audit-values', seq }), 'values')
  const kept = values.find((value) => isAt(value, path))
  if (kept !== undefined) return textMember(kept, 'text')
  const sentence = `nothing is kept there beside entry ${seq}; where you have the value, give it with --value <file>`
  throw new CommandError('value-not-kept', sentence)
}

function isAt(value: JsonValue, path: string): boolean {
  return isJsonObject(value) && value['path'] === path
}
