import { CryptoError } from '@warren/crypto'
import { HandshakeError, type HandshakeErrorCode, type HandshakeStep } from './handshake-error.ts'

/**
 * Does cryptographic work on what a peer has sent, and names the step when the suite refuses it.
 *
 * Anything but a `CryptoError` is a bug of ours and passes through.
 */
export function refusing<T>(code: HandshakeErrorCode, step: HandshakeStep, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause
    throw new HandshakeError(code, step, { cause })
  }
}
