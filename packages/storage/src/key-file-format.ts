import {
  canonicalJson,
  isJsonObject,
  JsonError,
  type JsonObject,
  type JsonValue,
  parseJson,
} from '@warren/core'
import { checkKdfParameters, type KdfParameters } from './kdf-parameters.ts'
import { StorageError } from './storage-error.ts'

export const KEY_FILE_BYTES_MAX = 8_192
export const SALT_BYTES = 16
export const NONCE_BYTES = 12

const CIPHERTEXT_BYTES_MAX = 4_096
const LIMITS = { lengthMax: KEY_FILE_BYTES_MAX, depthMax: 2, keysMax: 16 }
const VERSION = 1
const KDF_NAME = 'argon2id'
/** ChaCha20-Poly1305, the tag at the end of `ct`. */
const ENCRYPTION = 'C20P'

/** What stands in a key file besides its ciphertext. All of it is authenticated. */
export interface KeyFileHeader {
  readonly kdf: KdfParameters
  readonly salt: Uint8Array
  readonly nonce: Uint8Array
}

export interface SealedKeyFile extends KeyFileHeader {
  readonly ciphertext: Uint8Array
}

/** The bytes that the cipher authenticates with the ciphertext: the header in canonical form (RFC 8785). */
export function associatedData(header: KeyFileHeader): Uint8Array {
  return Buffer.from(canonicalJson(headerJson(header)), 'utf8')
}

export function formatKeyFile(file: SealedKeyFile): Uint8Array {
  const json = { ...headerJson(file), ct: base64Url(file.ciphertext) }
  return Buffer.from(`${JSON.stringify(json, undefined, 2)}\n`, 'utf8')
}

/**
 * Reads a key file's shape. Unknown members are refused: they would not be authenticated.
 *
 * @throws StorageError `key-file-malformed`, `kdf-out-of-bounds`
 */
export function parseKeyFile(bytes: Uint8Array): SealedKeyFile {
  const json = members(parse(bytes), ['ct', 'enc', 'iv', 'kdf', 'v'])
  const kdf = members(json['kdf'], ['m', 'name', 'p', 'salt', 't'])
  if (json['v'] !== VERSION || json['enc'] !== ENCRYPTION || kdf['name'] !== KDF_NAME) {
    throw malformed('its version or one of its algorithms is unknown')
  }
  const parameters = {
    memoryKib: number(kdf['m']),
    passes: number(kdf['t']),
    lanes: number(kdf['p']),
  }
  checkKdfParameters(parameters)
  const file = {
    kdf: parameters,
    salt: fromBase64Url(kdf['salt']),
    nonce: fromBase64Url(json['iv']),
    ciphertext: fromBase64Url(json['ct']),
  }
  if (file.salt.length !== SALT_BYTES || file.nonce.length !== NONCE_BYTES) {
    throw malformed('its salt or nonce has a wrong length')
  }
  if (file.ciphertext.length > CIPHERTEXT_BYTES_MAX) throw malformed('its content is too long')
  return file
}

function headerJson({ kdf, salt, nonce }: KeyFileHeader): JsonObject {
  return {
    v: VERSION,
    kdf: {
      name: KDF_NAME,
      m: kdf.memoryKib,
      t: kdf.passes,
      p: kdf.lanes,
      salt: base64Url(salt),
    },
    enc: ENCRYPTION,
    iv: base64Url(nonce),
  }
}

function parse(bytes: Uint8Array): JsonValue {
  try {
    return parseJson(Buffer.from(bytes).toString('utf8'), LIMITS)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw new StorageError('key-file-malformed', 'the key file is not JSON', { cause: error })
  }
}

function members(value: JsonValue | undefined, names: readonly string[]): JsonObject {
  if (!isJsonObject(value) || Object.keys(value).toSorted().join() !== names.join()) {
    throw malformed('its members are not those of a key file')
  }
  return value
}

function number(value: JsonValue | undefined): number {
  if (typeof value !== 'number') throw malformed('a parameter is not a number')
  return value
}

function fromBase64Url(value: JsonValue | undefined): Uint8Array {
  if (typeof value !== 'string') throw malformed('a member is not base64url')
  const bytes = Uint8Array.from(Buffer.from(value, 'base64url'))
  // Node's decoder skips what it does not know; only the one canonical spelling is let through.
  if (base64Url(bytes) !== value) throw malformed('a member is not base64url')
  return bytes
}

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}

function malformed(reason: string): StorageError {
  return new StorageError('key-file-malformed', `this is not a key file: ${reason}`)
}
