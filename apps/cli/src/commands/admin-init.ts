import {
  finishFounding,
  foundMeshHere,
  type FoundedMesh,
  readPublicFile,
  readRequestFiles,
  requestFounding,
  viewRequest,
} from '@warren/node/ceremony'
import type { Command } from 'commander'
import { CommandError } from '../command-error.ts'
import { type CommonOptions, contextOf } from '../context.ts'
import { freshnessOf, type FreshnessOptions } from '../freshness-options.ts'
import type { Output } from '../output.ts'
import {
  existingPassphrase,
  newPassphrase,
  newPassphrases,
  type PassphraseOptions,
} from '../passphrase.ts'
import { nextWords, requestWords } from '../request-words.ts'
import { wholeNumber } from '../whole-number.ts'
import { witnessWords } from '../witness-words.ts'

interface AdminInitOptions extends CommonOptions, FreshnessOptions, PassphraseOptions {
  readonly name: string
  readonly listen?: readonly string[]
  readonly enclave: string
  readonly role: readonly string[]
  readonly threshold: string
  readonly of?: string
  readonly admin?: readonly string[]
  readonly adminPassphraseFile: readonly string[]
  readonly out: string
  /** `--witness file…`, `--no-witness`, or neither. */
  readonly witness?: readonly string[] | boolean
}

const ADMINS_MAX = 16

/** `warren admin init`: found a mesh with several administrators, whose keys are made here or lie elsewhere. */
export async function adminInit(_options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<AdminInitOptions>()
  const { directory, output } = contextOf(options)
  const { of: count, admin: files } = options
  if ((count === undefined) === (files === undefined)) {
    throw new CommandError(
      'usage',
      'say either --of, and the keys are made here, or --admin with the public file of each administrator',
    )
  }
  const shared = await sharedOptions(options, directory)
  try {
    if (files === undefined) await foundHere(options, { shared, output })
    else await requestElsewhere(options, { shared, output, files })
  } finally {
    shared.passphrase.fill(0)
  }
}

type Shared = Omit<Parameters<typeof requestFounding>[0], 'admins' | 'requestFile'>

async function sharedOptions(options: AdminInitOptions, directory: string): Promise<Shared> {
  const { name, enclave, role, witness, passphraseFile, listen } = options
  const files = Array.isArray(witness) ? witness : []
  const witnesses = await Promise.all(files.map(readPublicFile))
  return {
    directory,
    name,
    enclave,
    roles: role,
    threshold: wholeNumber(options.threshold, '--threshold', ADMINS_MAX),
    witnesses,
    isWitness: witness !== false,
    freshness: freshnessOf(options),
    passphrase: await newPassphrase(options),
    ...(passphraseFile === undefined ? {} : { passphraseFile }),
    ...(listen === undefined ? {} : { listen }),
  }
}

async function foundHere(
  options: AdminInitOptions,
  { shared, output }: { readonly shared: Shared; readonly output: Output },
): Promise<void> {
  const count = wholeNumber(options.of ?? '', '--of', ADMINS_MAX)
  const names = Array.from({ length: count }, (_, at) => `admin-${at + 1}.keys`)
  const adminPassphrases = await newPassphrases(names, options.adminPassphraseFile, [
    shared.passphrase,
  ])
  try {
    const mesh = await foundMeshHere({ ...shared, adminPassphrases })
    const files = mesh.admins.map(({ keyFile }) => keyFile)
    const { meshId, did, peerId } = mesh
    output.result({ meshId, did, peerId, admins: files, threshold: shared.threshold }, [
      ...foundedLines(mesh, shared.directory),
      `admins    ${shared.threshold} of ${count}, in`,
      ...files.map((file) => `          ${file}`),
      '',
      'Now move each key file to a medium of its own, to different people and places, and remove it',
      'from this machine: whoever finds enough of them here, with their passphrases, is the mesh.',
      'This node lets others in with "warren invite"; no administrator is needed for that.',
      ...witnessWords(shared),
    ])
  } finally {
    for (const passphrase of adminPassphrases) passphrase.fill(0)
  }
}

async function requestElsewhere(
  options: AdminInitOptions,
  {
    shared,
    output,
    files,
  }: { readonly shared: Shared; readonly output: Output; readonly files: readonly string[] },
): Promise<void> {
  const admins = await Promise.all(files.map(readPublicFile))
  const request = await requestFounding({ ...shared, admins, requestFile: options.out })
  const view = viewRequest(request)
  output.result({ file: options.out, ...view }, [
    ...requestWords(view),
    '',
    `The request is in ${options.out}; the keys of this machine's node wait in ${shared.directory}.`,
    ...nextWords(view, options.out),
    `When all have signed: "warren admin finish ${options.out}" here.`,
  ])
}

/** `warren admin finish`: the mesh is founded once all its administrators have signed. */
export async function adminFinish(
  files: readonly string[],
  _options: unknown,
  command: Command,
): Promise<void> {
  const options = command.optsWithGlobals<CommonOptions & PassphraseOptions>()
  const { directory, output } = contextOf(options)
  const request = await readRequestFiles(files)
  const passphrase = await existingPassphrase(options, undefined)
  try {
    const mesh = await finishFounding({ directory, passphrase }, request)
    output.result({ ...mesh }, [
      ...foundedLines(mesh, directory),
      '',
      'Next: "warren up" starts the node, "warren invite" lets another machine in.',
    ])
  } finally {
    passphrase.fill(0)
  }
}

function foundedLines({ meshId, did, peerId }: FoundedMesh, directory: string): readonly string[] {
  return [
    `mesh      ${meshId}`,
    `node      ${did}`,
    `peer id   ${peerId}`,
    `directory ${directory}`,
  ]
}
