import { CodedError } from '@warren/core'

export type CryptoErrorCode =
  | 'input-length'
  | 'input-range'
  | 'key-malformed'
  | 'key-agreement-failed'
  | 'key-wiped'
  | 'aead-open-failed'

/** A cryptographic operation was refused. Carries no key, no plaintext and no bytes of a peer. */
export class CryptoError extends CodedError<CryptoErrorCode> {
  override readonly name = 'CryptoError'
}
