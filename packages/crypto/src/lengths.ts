import { CryptoError } from './crypto-error.ts'

export const HASH_BYTES = 32
export const X25519_KEY_BYTES = 32
export const ED25519_KEY_BYTES = 32
export const ED25519_SIGNATURE_BYTES = 64
export const ML_KEM_768_SEED_BYTES = 64
export const ML_KEM_768_PUBLIC_KEY_BYTES = 1184
export const ML_KEM_768_CIPHERTEXT_BYTES = 1088
export const ML_DSA_44_SEED_BYTES = 32
export const ML_DSA_44_PUBLIC_KEY_BYTES = 1312
export const ML_DSA_44_SIGNATURE_BYTES = 2420
/** FIPS 204 §5.2. */
export const ML_DSA_CONTEXT_BYTES_MAX = 255
export const AEAD_KEY_BYTES = 32
export const AEAD_NONCE_BYTES = 12
export const AEAD_TAG_BYTES = 16
/** The context that stands for none (FIPS 204 §5.2). */
export const EMPTY: Uint8Array = new Uint8Array(0)

/** Refuses bytes of any other length, before anything looks at their content. */
export function requireLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length === length) return
  throw new CryptoError('input-length', `${what} has ${length} bytes, not ${bytes.length}`)
}

/** Refuses a length outside of the range, both ends included. */
export function requireLengthWithin(
  what: string,
  length: number,
  range: { readonly min: number; readonly max: number },
): void {
  if (Number.isInteger(length) && length >= range.min && length <= range.max) return
  throw new CryptoError('input-length', `${what} has ${range.min} to ${range.max} bytes`)
}

/** Refuses a context that ML-DSA cannot take. */
export function requireMlDsaContext(context: Uint8Array): void {
  requireLengthWithin('an ML-DSA context', context.length, {
    min: 0,
    max: ML_DSA_CONTEXT_BYTES_MAX,
  })
}

/** Ed25519 has no context: one that was given must not be dropped in silence. */
export function refuseEd25519Context(context: Uint8Array | undefined): void {
  if (context === undefined || context.length === 0) return
  throw new CryptoError('input-length', 'Ed25519 takes no context')
}
