import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'
import { isScid } from './did.ts'
import { IdentityError } from './identity-error.ts'
import { hasOnly, isTextList, isUnique } from './json-shape.ts'
import { decodeMultikey } from './multikey.ts'

/** The parameters of a log entry in our profile of did:webvh 1.0: pre-rotation always on, no move, no witness. */
export type LogParameters = JsonObject & {
  /** In the first entry; later it may be repeated. */
  readonly method?: typeof LOG_METHOD
  /** In the first entry only. */
  readonly scid?: string
  /** The key that signs this entry, and no other entry ever. */
  readonly updateKeys: readonly [string]
  /** Hashes of the keys that may sign the next entry; empty when there will be none. */
  readonly nextKeyHashes: readonly string[]
  readonly portable?: false
  readonly deactivated?: boolean
}

/** The version of the method that every entry is written in. */
export const LOG_METHOD = 'did:webvh:1.0'

const NEXT_KEY_HASHES_MAX = 4
/** A parameter that is not known could change what the log means. */
const NAMES: ReadonlySet<string> = new Set([
  'method',
  'scid',
  'updateKeys',
  'nextKeyHashes',
  'portable',
  'deactivated',
  'witness',
  'watchers',
])

/**
 * Reads the parameters of the entry with that number.
 *
 * @throws IdentityError `entry-malformed`; `log-off-profile` for what did:webvh allows and Warren does not
 */
export function parseLogParameters(value: JsonObject, number: number): LogParameters {
  if (!hasOnly(value, NAMES)) throw offProfile('an entry has a parameter that is not known here')
  if (value['portable'] !== undefined && value['portable'] !== false) {
    throw offProfile('a DID never moves: "portable" is false')
  }
  // Witness proofs would have to be fetched; a log that depends on them cannot be verified here.
  if (!isNothing(value['witness']) || !isNothing(value['watchers'])) {
    throw offProfile('a log names no witnesses and no watchers')
  }
  checkMethod(value, number)
  if (!isLogParameters(value)) throw malformed('an entry has malformed parameters')
  checkKeys(value, number)
  return value
}

function checkMethod({ method, scid }: JsonObject, number: number): void {
  if (method !== LOG_METHOD && (number === 1 || method !== undefined)) {
    throw offProfile(`the method of a log is "${LOG_METHOD}"`)
  }
  const isRight = number === 1 ? typeof scid === 'string' && isScid(scid) : scid === undefined
  if (!isRight) throw malformed('the first entry alone names the SCID')
}

function checkKeys(
  { updateKeys, nextKeyHashes, deactivated }: LogParameters,
  number: number,
): void {
  if (decodeMultikey(updateKeys[0]).type !== 'ed25519') {
    throw offProfile('an update key is an Ed25519 key')
  }
  if (deactivated === true ? nextKeyHashes.length > 0 : nextKeyHashes.length === 0) {
    throw offProfile('every entry commits to the next key, but the one that deactivates')
  }
  if (deactivated === true && number === 1) throw offProfile('a log does not begin deactivated')
}

function isLogParameters(value: JsonObject): value is LogParameters {
  const { updateKeys, nextKeyHashes, deactivated } = value
  return (
    isTextList(updateKeys, 1) &&
    updateKeys.length === 1 &&
    isTextList(nextKeyHashes, NEXT_KEY_HASHES_MAX) &&
    nextKeyHashes.every((hash) => isScid(hash)) &&
    isUnique(nextKeyHashes) &&
    (deactivated === undefined || typeof deactivated === 'boolean')
  )
}

/** Absent, null, `{}` and `[]` all say "none" (did:webvh 1.0 §3.7.1). */
function isNothing(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null) return true
  return (Array.isArray(value) || isJsonObject(value)) && Object.keys(value).length === 0
}

function offProfile(message: string): IdentityError {
  return new IdentityError('log-off-profile', message)
}

function malformed(message: string): IdentityError {
  return new IdentityError('entry-malformed', message)
}
