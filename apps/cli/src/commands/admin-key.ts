import { makeAdminKeys, makeNextAdminKeys } from '@warren/node/ceremony'
import type { Command } from 'commander'
import { type CommonOptions, contextOf } from '../context.ts'
import { existingPassphrases, newPassphrase, type PassphraseOptions } from '../passphrase.ts'

interface AdminKeyOptions extends CommonOptions, PassphraseOptions {
  readonly out: string
  readonly after?: string
  readonly afterPassphraseFile?: string
}

/** `warren admin key`: the keys of an administrator, and those that come after them. */
export async function adminKey(_options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<AdminKeyOptions>()
  const { output } = contextOf(options)
  const secrets: Uint8Array[] = []
  try {
    const old = await passphraseOfOld(options)
    if (old !== undefined) secrets.push(old)
    const passphrase = await newPassphrase(options)
    secrets.push(passphrase)
    const init = { path: options.out, passphrase, nowMs: Date.now() }
    const { after } = options
    const made =
      after === undefined || old === undefined
        ? await makeAdminKeys(init)
        : await makeNextAdminKeys({
            ...init,
            after: {
              keyFile: after,
              passphrase: old,
              publicFile: after.replace(/\.keys$/, '.pub.json'),
            },
          })
    const { did, keyFile, publicFile } = made
    output.result({ did, keys: keyFile, public: publicFile }, [
      `admin   ${did}`,
      `keys    ${keyFile}   secret: keep it offline, on a medium of its own, and the passphrase elsewhere`,
      `public  ${publicFile}   give this one to whoever founds or changes the mesh`,
    ])
  } finally {
    for (const secret of secrets) secret.fill(0)
  }
}

async function passphraseOfOld(options: AdminKeyOptions): Promise<Uint8Array | undefined> {
  const { after, afterPassphraseFile } = options
  if (after === undefined) return undefined
  const files = afterPassphraseFile === undefined ? [] : [afterPassphraseFile]
  const [passphrase] = await existingPassphrases([after], files)
  return passphrase
}
