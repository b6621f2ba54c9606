import { initMesh } from '@warren/node'
import type { Command } from 'commander'
import { type CommonOptions, contextOf } from '../context.ts'
import { freshnessOf, type FreshnessOptions } from '../freshness-options.ts'
import { witnessWords } from '../witness-words.ts'
import { newPassphrase, type PassphraseOptions } from '../passphrase.ts'

interface InitOptions extends CommonOptions, FreshnessOptions, PassphraseOptions {
  readonly name: string
  readonly enclave: string
  readonly role: readonly string[]
  readonly listen?: readonly string[]
  readonly witness: boolean
}

/** `warren init`: found a mesh, with this machine as its first node and its administrator. */
export async function init(_options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<InitOptions>()
  const { directory, output } = contextOf(options)
  const freshness = freshnessOf(options)
  const passphrase = await newPassphrase(options)
  try {
    const mesh = await initMesh({
      directory,
      name: options.name,
      enclave: options.enclave,
      roles: options.role,
      passphrase,
      isWitness: options.witness,
      freshness,
      ...(options.passphraseFile === undefined ? {} : { passphraseFile: options.passphraseFile }),
      ...(options.listen === undefined ? {} : { listen: options.listen }),
    })
    output.result({ ...mesh }, [
      `mesh      ${mesh.meshId}`,
      `node      ${mesh.did}`,
      `peer id   ${mesh.peerId}`,
      `directory ${directory}`,
      '',
      'Next: "warren up" starts the node, "warren invite" lets another machine in.',
      'Nothing is exposed yet: add a server with "warren serve" and a rule in policies/.',
      ...witnessWords({ isWitness: options.witness, witnesses: [] }),
    ])
  } finally {
    passphrase.fill(0)
  }
}
