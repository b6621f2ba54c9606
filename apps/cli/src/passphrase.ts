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
  return typedTwice('the new key files')
}

/**
 * A passphrase of its own for each of several new key files, none of them taken already: from as many files, or typed twice each.
 *
 * @throws CommandError `usage`, `passphrase-missing`, `passphrase-too-short`, `passphrase-differs`, `passphrase-shared`
 */
export async function newPassphrases(
  names: readonly string[],
  files: readonly string[],
  taken: readonly Uint8Array[] = [],
): Promise<readonly Uint8Array[]> {
  const passphrases: Uint8Array[] = []
  for (const [at, source] of sourcesFor(names, files).entries()) {
    const passphrase = longEnough(
      source === undefined ? await typedTwice(names[at] ?? '') : await readPassphraseFile(source),
    )
    if ([...taken, ...passphrases].some((other) => Buffer.compare(other, passphrase) === 0)) {
      throw new CommandError(
        'passphrase-shared',
        'two key files have one passphrase: whoever opens one opens the other; choose another for each',
      )
    }
    passphrases.push(passphrase)
  }
  return passphrases
}

/**
 * The passphrases of existing key files, in their order: from as many files, or typed.
 *
 * @throws CommandError `usage`, `passphrase-missing`
 */
export async function existingPassphrases(
  names: readonly string[],
  files: readonly string[],
): Promise<readonly Uint8Array[]> {
  const passphrases: Uint8Array[] = []
  for (const [at, source] of sourcesFor(names, files).entries()) {
    passphrases.push(
      source === undefined
        ? await promptPassphrase(`Passphrase of ${names[at]}: `)
        : await readPassphraseFile(source),
    )
  }
  return passphrases
}

/** One file for each, or none at all and a terminal. */
function sourcesFor(
  names: readonly string[],
  files: readonly string[],
): readonly (string | undefined)[] {
  if (files.length === names.length) return files
  if (files.length > 0) {
    throw new CommandError(
      'usage',
      `there are ${names.length} key files and ${files.length} passphrase files; give one for each, in the same order`,
    )
  }
  requireTerminal(`an option for passphrase files, one for each of ${names.join(', ')}`)
  return names.map(() => undefined)
}

async function typedTwice(name: string): Promise<Uint8Array> {
  const first = longEnough(await promptPassphrase(`Passphrase for ${name}: `))
  const second = await promptPassphrase('The same again: ')
  if (Buffer.compare(first, second) !== 0) {
    throw new CommandError('passphrase-differs', 'the two passphrases differ; nothing was written')
  }
  return first
}

function requireTerminal(instead: string): void {
  if (process.stdin.isTTY) return
  throw new CommandError('passphrase-missing', `there is no terminal to ask on; use ${instead}`)
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
  requireTerminal('--passphrase-file or --passphrase-fd')
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
