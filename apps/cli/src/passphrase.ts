import { readPassphraseFd, readPassphraseFile } from '@warren/node/client'
import { CommandError } from './command-error.ts'
import { promptPassphrase } from './prompt-passphrase.ts'

const PASSPHRASE_BYTES_MIN = 8

/** Where the passphrase of the key files may come from; never from an argument or the environment. */
export interface PassphraseOptions {
  readonly passphraseFile?: string
  readonly passphraseFd?: string
}

/** A passphrase for new key files: typed twice where it is typed. */
export async function newPassphrase(options: PassphraseOptions): Promise<Uint8Array> {
  const given = await givenPassphrase(options, undefined)
  if (given !== undefined) return longEnough(given)
  const first = longEnough(await promptPassphrase('Passphrase for the new key files: '))
  const second = await promptPassphrase('The same again: ')
  if (Buffer.compare(first, second) !== 0) {
    throw new CommandError('passphrase-differs', 'the two passphrases differ; nothing was written')
  }
  return first
}

/** The passphrase of existing key files; `configured` is the file that warren.yaml names. */
export async function existingPassphrase(
  options: PassphraseOptions,
  configured: string | undefined,
): Promise<Uint8Array> {
  const given = await givenPassphrase(options, configured)
  return given ?? promptPassphrase('Passphrase of the key files: ')
}

async function givenPassphrase(
  options: PassphraseOptions,
  configured: string | undefined,
): Promise<Uint8Array | undefined> {
  if (options.passphraseFd !== undefined) return readPassphraseFd(parseFd(options.passphraseFd))
  const file = options.passphraseFile ?? configured
  if (file !== undefined) return readPassphraseFile(file)
  if (!process.stdin.isTTY) {
    throw new CommandError(
      'passphrase-missing',
      'there is no terminal to ask on; use --passphrase-file or --passphrase-fd',
    )
  }
  return undefined
}

function parseFd(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new CommandError('usage', '--passphrase-fd takes the number of an open file descriptor')
}

function longEnough(passphrase: Uint8Array): Uint8Array {
  if (passphrase.length >= PASSPHRASE_BYTES_MIN) return passphrase
  throw new CommandError(
    'passphrase-too-short',
    `a passphrase has at least ${PASSPHRASE_BYTES_MIN} bytes`,
  )
}
