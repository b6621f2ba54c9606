import { CryptoError, type CryptoSuite } from '@warren/crypto'
import { checkKdfParameters, KDF_DEFAULT, type KdfParameters } from './kdf-parameters.ts'
import {
  associatedData,
  formatKeyFile,
  KEY_FILE_BYTES_MAX,
  type KeyFileHeader,
  NONCE_BYTES,
  parseKeyFile,
  SALT_BYTES,
  type SealedKeyFile,
} from './key-file-format.ts'
import { checkPassphrase } from './passphrase.ts'
import { readPrivateFile, writePrivateFile } from './private-file.ts'
import { decodeSeeds, encodeSeeds, type Seeds } from './seed-json.ts'
import { StorageError } from './storage-error.ts'

const KEY_BYTES = 32

export interface KeyFileToWrite {
  readonly suite: CryptoSuite
  readonly path: string
  /** 1 to 16 secrets of 16 to 64 bytes. Copied, never kept; the caller wipes its own. */
  readonly seeds: Seeds
  /** 1 to 1024 bytes. */
  readonly passphrase: Uint8Array
  /** 64 MiB, three passes, four lanes when absent. */
  readonly kdf?: KdfParameters
  /** Whether an existing file may be replaced; a lost key cannot be had again. Default false. */
  readonly replace?: boolean
}

export interface KeyFileToRead {
  readonly suite: CryptoSuite
  readonly path: string
  readonly passphrase: Uint8Array
}

export interface KeyFileToRewrap {
  readonly suite: CryptoSuite
  readonly path: string
  readonly passphrase: Uint8Array
  readonly newPassphrase: Uint8Array
  readonly kdf?: KdfParameters
}

/**
 * Seals seeds under a passphrase (Argon2id, ChaCha20-Poly1305) and writes them, mode 0600.
 *
 * @throws StorageError
 */
export async function writeKeyFile(input: KeyFileToWrite): Promise<void> {
  const { suite, path, seeds, passphrase, kdf = KDF_DEFAULT, replace = false } = input
  checkPassphrase(passphrase)
  checkKdfParameters(kdf)
  const plaintext = encodeSeeds(seeds)
  try {
    const header: KeyFileHeader = {
      kdf,
      salt: suite.randomBytes(SALT_BYTES),
      nonce: suite.randomBytes(NONCE_BYTES),
    }
    const ciphertext = await withKey({ suite, header, passphrase }, (key) =>
      suite.chaCha20Poly1305.seal({
        key,
        nonce: header.nonce,
        data: plaintext,
        associatedData: associatedData(header),
      }),
    )
    await writePrivateFile({ path, bytes: formatKeyFile({ ...header, ciphertext }), replace })
  } finally {
    plaintext.fill(0)
  }
}

/**
 * Opens a key file. The caller owns the seeds and wipes them.
 *
 * A wrong passphrase and a file that somebody has altered look the same: `passphrase-wrong`.
 *
 * @throws StorageError
 */
export async function readKeyFile(input: KeyFileToRead): Promise<Record<string, Uint8Array>> {
  const { suite, path, passphrase } = input
  checkPassphrase(passphrase)
  const file = parseKeyFile(await readPrivateFile(path, KEY_FILE_BYTES_MAX))
  const plaintext = await withKey({ suite, header: file, passphrase }, (key) =>
    openSealed({ suite, file, key }),
  )
  try {
    return decodeSeeds(plaintext)
  } finally {
    plaintext.fill(0)
  }
}

/**
 * Seals the seeds of a key file under another passphrase; the identity stays what it is.
 *
 * @throws StorageError
 */
export async function rewrapKeyFile(input: KeyFileToRewrap): Promise<void> {
  const { suite, path, passphrase, newPassphrase, kdf = KDF_DEFAULT } = input
  checkPassphrase(newPassphrase)
  const seeds = await readKeyFile({ suite, path, passphrase })
  try {
    await writeKeyFile({ suite, path, seeds, passphrase: newPassphrase, kdf, replace: true })
  } finally {
    for (const seed of Object.values(seeds)) seed.fill(0)
  }
}

interface KeyDerivation {
  readonly suite: CryptoSuite
  readonly header: KeyFileHeader
  readonly passphrase: Uint8Array
}

async function withKey(
  { suite, header, passphrase }: KeyDerivation,
  use: (key: Uint8Array) => Uint8Array,
): Promise<Uint8Array> {
  const key = await suite.argon2id({
    password: passphrase,
    salt: header.salt,
    ...header.kdf,
    length: KEY_BYTES,
  })
  try {
    return use(key)
  } finally {
    key.fill(0)
  }
}

interface Opening {
  readonly suite: CryptoSuite
  readonly file: SealedKeyFile
  readonly key: Uint8Array
}

function openSealed({ suite, file, key }: Opening): Uint8Array {
  try {
    return suite.chaCha20Poly1305.open({
      key,
      nonce: file.nonce,
      data: file.ciphertext,
      associatedData: associatedData(file),
    })
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error
    // Without the cause: it could tell a wrong passphrase from an altered file.
    throw new StorageError('passphrase-wrong', 'the passphrase does not open the key file')
  }
}
