import {
  type CapabilityGrant,
  capabilityWords,
  configuredPassphraseFile,
  prepareGrant,
} from '@warren/node/capability'
import type { Command } from 'commander'
import { confirm } from '../confirm.ts'
import { type CommonOptions, contextOf } from '../context.ts'
import { parseDurationMs } from '../duration.ts'
import { existingPassphrase, type PassphraseOptions } from '../passphrase.ts'
import { readArguments } from '../read-arguments.ts'

const LIFETIME_MAX = '7d'

interface GrantOptions extends CommonOptions, PassphraseOptions {
  readonly to: string
  readonly server?: string
  readonly node?: string
  readonly tool?: readonly string[]
  readonly arguments?: string
  readonly for: string
  readonly delegable: string
  readonly out: string
  readonly yes?: boolean
}

/** `warren capability issue`: shows what a first link says, asks, signs it and writes it to a file. */
export async function issue(_options: unknown, command: Command): Promise<void> {
  await grant(command)
}

/** `warren capability delegate`: the same for a link that follows those of a file. */
export async function delegate(file: string, _options: unknown, command: Command): Promise<void> {
  await grant(command, file)
}

async function grant(command: Command, parentFile?: string): Promise<void> {
  const options = command.optsWithGlobals<GrantOptions>()
  const { directory, output } = contextOf(options)
  const prepared = await prepareGrant(directory, grantOf(options), parentFile)
  await confirm(output, {
    lines: capabilityWords(prepared.view),
    question: 'Sign the last link with the keys of this node?',
    yes: options.yes === true,
    json: options.json === true,
  })
  const passphrase = await existingPassphrase(options, configuredPassphraseFile(directory))
  try {
    const signed = await prepared.sign(passphrase, options.out)
    output.result({ file: options.out, ...signed }, [
      `Signed. The capability is in ${options.out}.`,
      `Next: ${signed.holder} runs "warren capability accept <file>".`,
    ])
  } finally {
    passphrase.fill(0)
  }
}

function grantOf(options: GrantOptions): CapabilityGrant {
  const { to, node, server, tool, arguments: schema } = options
  return {
    to,
    node,
    server,
    tools: tool,
    schema: schema === undefined ? undefined : readArguments(schema),
    forMs: parseDurationMs(options.for, LIFETIME_MAX),
    delegable: Number(options.delegable),
  }
}
