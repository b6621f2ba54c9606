import type { Sha256 } from '../tree/node-hash.ts'
import { TlogError } from '../tlog-error.ts'
import { decodeBase64, encodeBase64 } from '../note/base64.ts'
import { requireName } from '../note/note-text.ts'
import { keyIdOf, SIGNATURE_TYPES, type SignatureType } from '../note/signature-type.ts'
import { concat } from 'uint8arrays/concat'

/** A public key as text: whose, for which type of line, and the key. */
export interface VerifierKey {
  readonly name: string
  readonly type: SignatureType
  readonly publicKey: Uint8Array
}

const PATTERN = /^([^+]+)\+([\da-f]{8})\+([\d+/A-Za-z]+={0,2})$/
const TYPES: readonly SignatureType[] = ['ed25519', 'ed25519-cosignature', 'ml-dsa-44']
const KEY_BYTES: Readonly<Record<SignatureType, number>> = {
  ed25519: 32,
  'ed25519-cosignature': 32,
  'ml-dsa-44': 1312,
}

/** Writes a key as C2SP signed-note does: `<name>+<key id>+<base64 of type and key>`. */
export function formatVerifierKey(suite: Sha256, key: VerifierKey): string {
  requireName(key.name)
  const keyId = keyIdOf(suite, key).toString(16).padStart(8, '0')
  const typed = concat([Uint8Array.of(SIGNATURE_TYPES[key.type].byte), key.publicKey])
  return `${key.name}+${keyId}+${encodeBase64(typed)}`
}

/**
 * Reads such a text. Its key id has to be the one of the key.
 *
 * @throws TlogError `key-malformed`, `name-malformed`
 */
export function parseVerifierKey(suite: Sha256, text: string): VerifierKey {
  const [, name = '', keyId = '', digits = ''] = PATTERN.exec(text) ?? []
  const bytes = decodeBase64(digits)
  const type = TYPES.find((each) => SIGNATURE_TYPES[each].byte === bytes?.[0])
  if (bytes === undefined || type === undefined) throw malformed('it is of no type that is known')
  requireName(name)
  const key = { name, type, publicKey: bytes.slice(1) }
  if (key.publicKey.length !== KEY_BYTES[type]) throw malformed('its key has another length')
  if (keyIdOf(suite, key) !== Number.parseInt(keyId, 16)) throw malformed('its key id is another')
  return key
}

function malformed(reason: string): TlogError {
  return new TlogError('key-malformed', `this is no verifier key: ${reason}`)
}
