import { concat } from 'uint8arrays/concat'
import { decodeBase58, decodeBase64Url, encodeBase58, encodeBase64Url } from './base-encoding.ts'
import { IdentityError } from './identity-error.ts'

/** A public signature key and what it is for. */
export interface PublicKey {
  readonly type: KeyType
  /** 32 bytes for Ed25519, 1312 for ML-DSA-44. */
  readonly bytes: Uint8Array
}

export type KeyType = 'ed25519' | 'mldsa44'

interface MultikeyForm {
  readonly type: KeyType
  /** Unsigned varint of the multicodec: ed25519-pub 0xed, mldsa-44-pub 0x1210. */
  readonly codec: readonly [number, number]
  readonly keyBytes: number
  readonly prefix: 'z' | 'u'
  readonly encode: (bytes: Uint8Array) => string
  readonly decode: (text: string, lengthMax: number) => Uint8Array | undefined
}

/** One form for each type of key: two spellings of one key would be two update keys under one signature. */
const FORMS: readonly MultikeyForm[] = [
  {
    type: 'ed25519',
    codec: [0xed, 0x01],
    keyBytes: 32,
    prefix: 'z',
    encode: encodeBase58,
    decode: decodeBase58,
  },
  {
    type: 'mldsa44',
    codec: [0x90, 0x24],
    keyBytes: 1312,
    prefix: 'u',
    encode: encodeBase64Url,
    decode: decodeBase64Url,
  },
]
const CODEC_BYTES = 2
/** An ML-DSA-44 Multikey has 1753 characters, an Ed25519 Multikey 48. */
const MULTIKEY_LENGTH_MAX = 1760
const BASE58_LENGTH_MAX = 64

/**
 * Writes a public key as a Multikey: `z6Mk…` for Ed25519, `u…` for ML-DSA-44.
 *
 * @throws IdentityError `multikey-malformed` when the key has a wrong length
 */
export function encodeMultikey(key: PublicKey): string {
  const form = FORMS.find(({ type }) => type === key.type)
  if (form === undefined || key.bytes.length !== form.keyBytes) {
    throw new IdentityError('multikey-malformed', 'the public key has a wrong length')
  }
  return form.prefix + form.encode(concat([Uint8Array.from(form.codec), key.bytes]))
}

/**
 * Reads a Multikey. Whether the bytes are a point of the curve is for the verification to say.
 *
 * @throws IdentityError `multikey-malformed`, `multikey-unsupported` for a type of key that is not ours
 */
export function decodeMultikey(text: string): PublicKey {
  const form = FORMS.find(({ prefix }) => text.startsWith(prefix))
  const lengthMax = form?.prefix === 'z' ? BASE58_LENGTH_MAX : MULTIKEY_LENGTH_MAX
  const bytes = form?.decode(text.slice(1), lengthMax)
  if (form === undefined || bytes === undefined) {
    throw new IdentityError(
      'multikey-malformed',
      'a Multikey is "z" and base58, or "u" and base64url',
    )
  }
  const [first, second] = form.codec
  if (bytes[0] !== first || bytes[1] !== second) {
    throw new IdentityError(
      'multikey-unsupported',
      'the Multikey is of a type that Warren does not use',
    )
  }
  if (bytes.length !== CODEC_BYTES + form.keyBytes) {
    throw new IdentityError('multikey-malformed', 'the Multikey has a wrong length')
  }
  return { type: form.type, bytes: bytes.slice(CODEC_BYTES) }
}
