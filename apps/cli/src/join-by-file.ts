import {
  configuredPassphraseFile,
  finishJoin,
  readRequestFiles,
  requestJoin,
  requestReturn,
  viewRequest,
} from '@warren/node/ceremony'
import { CommandError } from './command-error.ts'
import { confirm } from './confirm.ts'
import { type CommonOptions, type Context, contextOf } from './context.ts'
import { joinedWords } from './joined-words.ts'
import { existingPassphrase, newPassphrase, type PassphraseOptions } from './passphrase.ts'
import { requestWords } from './request-words.ts'

/** Options of `warren join` where there is no network to the mesh. */
export interface JoinFileOptions extends CommonOptions, PassphraseOptions {
  readonly name: string
  readonly listen?: readonly string[]
  readonly request?: string
  readonly return?: boolean
  readonly membership?: readonly string[]
  readonly mesh?: string
  readonly yes?: boolean
}

/** Asks for admission in a file, or finishes with the signed one that came back. */
export async function joinByFile(options: JoinFileOptions): Promise<void> {
  const context = contextOf(options)
  const { request, membership } = options
  if (request !== undefined && options.return === true) await askAgain(request, options, context)
  else if (request !== undefined) await ask(request, options, context)
  else if (membership !== undefined) await finish(membership, options, context)
}

async function ask(
  file: string,
  options: JoinFileOptions,
  { directory, output }: Context,
): Promise<void> {
  const passphrase = await newPassphrase(options)
  try {
    const { name, passphraseFile, listen } = options
    const { did, id } = await requestJoin({
      directory,
      name,
      passphrase,
      requestFile: file,
      ...(passphraseFile === undefined ? {} : { passphraseFile }),
      ...(listen === undefined ? {} : { listen }),
    })
    output.result({ file, did, id }, [
      `node      ${did}`,
      `request   ${file}`,
      '',
      `Next: carry ${file} to an administrator, who runs "warren admit" on a machine of the mesh`,
      'and compares the DID with you by voice; then "warren join --membership <signed request>" here.',
    ])
  } finally {
    passphrase.fill(0)
  }
}

async function askAgain(
  file: string,
  options: JoinFileOptions,
  { directory, output }: Context,
): Promise<void> {
  const passphrase = await existingPassphrase(options, configuredPassphraseFile(directory))
  try {
    const { did, id } = await requestReturn({ directory, passphrase, requestFile: file })
    output.result({ file, did, id }, [
      `node      ${did}`,
      `request   ${file}`,
      '',
      `Next: carry ${file} to an administrator, who runs "warren readmit" on a machine of the mesh;`,
      'then, with no "warren up" running here, "warren join --membership <signed request>".',
    ])
  } finally {
    passphrase.fill(0)
  }
}

async function finish(
  files: readonly string[],
  options: JoinFileOptions,
  { directory, output }: Context,
): Promise<void> {
  const request = await readRequestFiles(files)
  const { mesh, yes, json } = options
  if (mesh !== undefined && mesh !== request.meshId) {
    throw new CommandError('request-foreign', 'the membership belongs to another mesh')
  }
  await confirm(output, {
    lines: requestWords(viewRequest(request)),
    question: 'Join this mesh?',
    yes: yes === true || mesh !== undefined,
    json: json === true,
  })
  const passphrase = await existingPassphrase(options, undefined)
  try {
    const member = await finishJoin({ directory, passphrase }, request)
    output.result({ ...member, roles: [...member.roles] }, joinedWords(directory, member))
  } finally {
    passphrase.fill(0)
  }
}
