import { configuredPassphraseFile, prepareRevocation } from '@warren/node/capability'
import type { Command } from 'commander'
import { confirm } from '../confirm.ts'
import { type CommonOptions, contextOf } from '../context.ts'
import { existingPassphrase, type PassphraseOptions } from '../passphrase.ts'
import { tellNode } from './capability-keep.ts'

interface RevokeOptions extends CommonOptions, PassphraseOptions {
  readonly out?: string
  readonly yes?: boolean
}

/** `warren capability revoke`: takes a link back, and tells the running node. */
export async function revoke(id: string, _options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<RevokeOptions>()
  const { directory, socket, output } = contextOf(options)
  const prepared = await prepareRevocation(directory, id)
  const { link, needsSignature } = prepared
  await confirm(output, {
    lines: [
      `take back  ${id}`,
      ...(link === undefined
        ? ['of         somebody else, for the servers of this node']
        : [`issued to  ${link.holder}`, `for        ${link.server} of ${link.node}`]),
    ],
    question: 'Take it back, for good?',
    yes: options.yes === true,
    json: options.json === true,
  })
  const passphrase = needsSignature
    ? await existingPassphrase(options, configuredPassphraseFile(directory))
    : undefined
  try {
    await prepared.revoke(passphrase, options.out)
  } finally {
    passphrase?.fill(0)
  }
  const node = (await tellNode(socket)) ?? null
  output.result({ id, signed: needsSignature, node }, [
    `${id} is taken back.`,
    needsSignature
      ? 'The node tells the owner of the server; "warren capability list" says whether it has.'
      : 'It is in force here.',
  ])
}
