import {
  type AdminKeys,
  openAdminKeys,
  readRequestFiles,
  type SigningRequest,
  signWith,
  viewRequest,
  writeRequestFile,
} from '@warren/node/ceremony'
import type { Command } from 'commander'
import { confirm } from '../confirm.ts'
import { type CommonOptions, contextOf } from '../context.ts'
import { existingPassphrases } from '../passphrase.ts'
import { nextWords, requestWords } from '../request-words.ts'

interface SignOptions extends CommonOptions {
  readonly keys: readonly string[]
  readonly passphraseFile: readonly string[]
  readonly mesh?: string
  readonly out?: string
  readonly yes?: boolean
}

/** `warren sign`: shows what a request asks for, asks, and adds the signatures of the key files given. */
export async function sign(file: string, _options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<SignOptions>()
  const { output } = contextOf(options)
  const request = await readRequestFiles([file])
  await confirm(output, {
    lines: requestWords(viewRequest(request)),
    question: `Sign all of this with ${options.keys.join(', ')}?`,
    yes: options.yes === true,
    json: options.json === true,
  })
  const signed = await signWithFiles(request, options)
  const target = options.out ?? file
  await writeRequestFile(target, signed, { replace: options.out === undefined })
  const view = viewRequest(signed)
  output.result({ file: target, ...view }, [
    `Signed. The request is in ${target}.`,
    ...nextWords(view, target),
  ])
}

/** Signs with one key file after the other; the keys are open only as long as they sign. */
export async function signWithFiles(
  request: SigningRequest,
  {
    keys,
    passphraseFile,
    mesh,
  }: Pick<SignOptions, 'keys' | 'passphraseFile'> & { readonly mesh?: string },
): Promise<SigningRequest> {
  const passphrases = await existingPassphrases(keys, passphraseFile)
  let signed = request
  try {
    for (const [at, keyFile] of keys.entries()) {
      const opened = await openAdminKeys(keyFile, passphrases[at] ?? new Uint8Array())
      signed = signAndWipe(signed, opened, mesh)
    }
    return signed
  } finally {
    for (const passphrase of passphrases) passphrase.fill(0)
  }
}

function signAndWipe(
  request: SigningRequest,
  keys: AdminKeys,
  mesh: string | undefined,
): SigningRequest {
  try {
    return signWith(request, keys, mesh)
  } finally {
    keys.wipe()
  }
}
