import { checkPolicies, type SignedSet } from '@warren/node/policy'
import type { Command } from 'commander'
import { resolve } from 'node:path'
import { type CommonOptions, contextOf } from '../context.ts'

interface CheckOptions extends CommonOptions {
  readonly policies?: string
}

/** `warren policy check`: whether the policies of a data directory, or others, could be put in force; asks no node. */
export async function check(_options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<CheckOptions>()
  const { directory, output } = contextOf(options)
  const named = options.policies === undefined ? undefined : resolve(options.policies)
  const checked = await checkPolicies({ directory, policies: named })
  const { policies, digest, files, rules, opaque, signed, notChecked } = checked
  output.result(
    {
      policies,
      digest,
      files: [...files],
      rules,
      opaque: opaque.map(({ tool, argument, why }) => ({ tool, argument, why })),
      signed: signed === undefined ? null : describedSet(signed),
      notChecked: [...notChecked],
    },
    [
      `The policies in ${policies} are in order.`,
      `files  ${files.join(', ')}`,
      `rules  ${rules}`,
      ...(signed === undefined ? [] : [signedWords(signed)]),
    ],
  )
  for (const { tool, argument, why } of opaque) {
    const what = argument === '' ? `the arguments of ${tool}` : `${tool} ${argument}`
    output.progress(`note: rules cannot name ${what}: ${why}`)
  }
  for (const each of notChecked) output.progress(`note: not checked: ${each}`)
}

function signedWords({ manifest, signers }: SignedSet): string {
  const { name, version, notAfterMs } = manifest
  const until = new Date(notAfterMs).toISOString()
  return `signed ${name} version ${version}, until ${until}, by ${signers.join(', ')}`
}

function describedSet({ manifest, signers }: SignedSet): {
  name: string
  version: number
  manifest: string
  signers: string[]
  notAfter: string
} {
  const { name, version, id, notAfterMs } = manifest
  const notAfter = new Date(notAfterMs).toISOString()
  return { name, version, manifest: id, signers: [...signers], notAfter }
}
