import { CryptoError } from './crypto-error.ts'
import type { AeadInput } from './crypto-suite.ts'
import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, AEAD_TAG_BYTES, requireLength } from './lengths.ts'

export function requireSealInput(input: AeadInput): void {
  requireLength('an AEAD key', input.key, AEAD_KEY_BYTES)
  requireLength('an AEAD nonce', input.nonce, AEAD_NONCE_BYTES)
}

/** What is shorter than a tag cannot be authentic: to the caller it is one more forgery. */
export function requireOpenInput(input: AeadInput): void {
  requireSealInput(input)
  if (input.data.length < AEAD_TAG_BYTES) throw aeadOpenFailed()
}

/** One error for every reason, so that nobody can learn from the difference. */
export function aeadOpenFailed(): CryptoError {
  return new CryptoError('aead-open-failed', 'the ciphertext is not authentic')
}
