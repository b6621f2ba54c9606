import { openAdminKeys, readPublicFile } from '@warren/node/ceremony'
import { askNode, textMember } from '@warren/node/client'
import {
  loadConfig,
  type PolicySetManifest,
  readManifest,
  signManifest,
  writeManifest,
} from '@warren/node/policy'
import type { Command } from 'commander'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CommandError } from '../command-error.ts'
import { confirm } from '../confirm.ts'
import { type CommonOptions, contextOf } from '../context.ts'
import { parseDurationMs } from '../duration.ts'
import { existingPassphrases } from '../passphrase.ts'
import { wholeNumber } from '../whole-number.ts'

const VERSION_MAX = 1_000_000_000
const VALID_MAX = '3650d'

interface ManifestOptions extends CommonOptions {
  readonly name: string
  readonly number?: string
  readonly validFor: string
  readonly mesh?: string
  readonly policies?: string
}

/** `warren policy manifest`: says which files a policy set is, for which mesh, and until when it may be put in force. */
export async function manifestSet(_options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<ManifestOptions>()
  const { output, directory, socket } = contextOf(options)
  const policies = directoryOf(options.policies, directory)
  const mesh = options.mesh ?? textMember(await askNode(socket, { do: 'status' }), 'mesh')
  const nowMs = Math.floor(Date.now() / 1000) * 1000
  const { file, manifest: written } = await writeManifest(policies, {
    mesh,
    name: options.name,
    version: await versionOf(options.number, policies),
    notBeforeMs: nowMs,
    notAfterMs: nowMs + parseDurationMs(options.validFor, VALID_MAX),
  })
  output.result({ file, ...described(written) }, [
    `The manifest is in ${file}.`,
    ...manifestWords(written),
    `Next: warren policy sign ${file} --keys <file>`,
  ])
}

/** The directory of policies that is meant: the one that is named, else that of the data directory. */
export function directoryOf(named: string | undefined, directory: string): string {
  return named === undefined ? loadConfig(directory).policies : resolve(named)
}

async function versionOf(given: string | undefined, policies: string): Promise<number> {
  if (given !== undefined) return wholeNumber(given, '--number', VERSION_MAX)
  const file = join(policies, 'manifest.json')
  return existsSync(file) ? (await readManifest(file)).version + 1 : 1
}

interface SignOptions extends CommonOptions {
  readonly keys: readonly string[]
  readonly passphraseFile: readonly string[]
  readonly yes?: boolean
}

/** `warren policy sign`: shows what a set is, asks, and adds the signatures of the key files given. */
export async function signSet(file: string, _options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<SignOptions>()
  const { output } = contextOf(options)
  const unsigned = await readManifest(file)
  await confirm(output, {
    lines: manifestWords(unsigned),
    question: `Sign this policy set with ${options.keys.join(', ')}?`,
    yes: options.yes === true,
    json: options.json === true,
  })
  const passphrases = await existingPassphrases(options.keys, options.passphraseFile)
  let signed = unsigned
  try {
    for (const [at, keyFile] of options.keys.entries()) {
      signed = await signWithFile({ file, manifest: signed }, keyFile, passphrases[at])
    }
  } finally {
    for (const passphrase of passphrases) passphrase.fill(0)
  }
  output.result({ file, ...described(signed) }, [`Signed. The manifest is in ${file}.`])
}

async function signWithFile(
  written: { readonly file: string; readonly manifest: PolicySetManifest },
  keyFile: string,
  passphrase: Uint8Array = new Uint8Array(),
): Promise<PolicySetManifest> {
  if (!keyFile.endsWith('.keys')) {
    throw new CommandError(
      'usage',
      'a key file is named <name>.keys, with <name>.pub.json beside it',
    )
  }
  const owner = await readPublicFile(keyFile.replace(/\.keys$/, '.pub.json'))
  const keys = await openAdminKeys(keyFile, passphrase)
  try {
    return (await signManifest(written, keys, owner)).manifest
  } finally {
    keys.wipe()
  }
}

function described({
  id,
  mesh,
  name,
  version,
  notBeforeMs,
  notAfterMs,
  files,
}: PolicySetManifest): {
  readonly [key: string]: string | number | { name: string; digest: string }[]
} {
  return {
    manifest: id,
    mesh,
    name,
    version,
    notBefore: new Date(notBeforeMs).toISOString(),
    notAfter: new Date(notAfterMs).toISOString(),
    files: files.map((each) => ({ name: each.name, digest: each.digest })),
  }
}

function manifestWords(manifest: PolicySetManifest): readonly string[] {
  const { id, mesh, name, version, notBeforeMs, notAfterMs, files } = manifest
  return [
    `Policy set "${name}", version ${version}, of the mesh ${mesh}`,
    `may be put in force from ${new Date(notBeforeMs).toISOString()} until ${new Date(notAfterMs).toISOString()}`,
    ...files.map((each) => `file  ${each.digest}  ${each.name}`),
    `fingerprint  ${id}`,
  ]
}
