import { checkPolicies } from '@warren/node/policy'
import type { Command } from 'commander'
import { type CommonOptions, contextOf } from '../context.ts'

/** `warren policy check`: whether the policies of a data directory could be put in force; asks no node. */
export async function check(_options: unknown, command: Command): Promise<void> {
  const { directory, output } = contextOf(command.optsWithGlobals<CommonOptions>())
  const { policies, digest, files, rules, opaque } = checkPolicies(directory)
  output.result(
    {
      policies,
      digest,
      files: [...files],
      rules,
      opaque: opaque.map(({ tool, argument, why }) => ({ tool, argument, why })),
    },
    [`The policies in ${policies} are in order.`, `files  ${files.join(', ')}`, `rules  ${rules}`],
  )
  for (const { tool, argument, why } of opaque) {
    output.progress(`note: rules cannot name ${[tool, argument].filter(Boolean).join(' ')}: ${why}`)
  }
}
