import type { CryptoSuite } from '@warren/crypto'
import type { CallKeys } from './call-keys.ts'
import { refusing } from './refusing.ts'

const NOTHING = new Uint8Array(0)
/** The confirmation key seals once. */
const NONCE = new Uint8Array(12)

/** The tag by which the answerer proves that it holds the keys. 16 bytes. Wipes the confirmation key. */
export function confirmKeys(suite: CryptoSuite, keys: CallKeys): Uint8Array {
  try {
    return suite.chaCha20Poly1305.seal({
      key: keys.confirmationKey,
      nonce: NONCE,
      data: NOTHING,
      associatedData: keys.transcriptHash,
    })
  } finally {
    keys.confirmationKey.fill(0)
  }
}

/** Checks the tag and wipes the confirmation key; when the tag does not fit, throws and wipes all keys. */
export function verifyConfirmation(suite: CryptoSuite, keys: CallKeys, tag: Uint8Array): void {
  try {
    refusing('key-confirmation-failed', 'call.confirmation', () =>
      suite.chaCha20Poly1305.open({
        key: keys.confirmationKey,
        nonce: NONCE,
        data: tag,
        associatedData: keys.transcriptHash,
      }),
    )
  } catch (error) {
    keys.openerKey.fill(0)
    keys.answererKey.fill(0)
    throw error
  } finally {
    keys.confirmationKey.fill(0)
  }
}
