import { type TemplateName, writeTemplate } from '@warren/node/policy'
import type { Command } from 'commander'
import { type CommonOptions, contextOf } from '../context.ts'
import { wholeNumber } from '../whole-number.ts'
import { directoryOf } from './policy-set.ts'

const LIMIT_MAX = 100_000

interface NewOptions extends CommonOptions {
  readonly server: string
  readonly tool: readonly string[]
  readonly role: string
  readonly agent?: string
  readonly below: readonly string[]
  readonly table: readonly string[]
  readonly limit: string
  readonly policies?: string
}

/** `warren policy new`: writes a policy by a template, with comments, beside those that are there. */
export async function newPolicy(
  template: TemplateName,
  _options: unknown,
  command: Command,
): Promise<void> {
  const options = command.optsWithGlobals<NewOptions>()
  const { directory, output } = contextOf(options)
  const { server, tool: tools, role, agent, below: directories, table: tables } = options
  const limit = wholeNumber(options.limit, '--limit', LIMIT_MAX)
  const wish = { template, server, tools, role, agent, directories, tables, limit }
  const { rules, facts } = await writeTemplate(directoryOf(options.policies, directory), wish)
  output.result({ rules, facts: facts ?? null }, [
    `The rules are in ${rules}.`,
    ...(facts === undefined ? [] : [`What the arguments are is in ${facts}.`]),
    'Next: read them, then warren reload',
  ])
}
