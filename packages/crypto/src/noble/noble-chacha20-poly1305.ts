import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { aeadOpenFailed, requireOpenInput, requireSealInput } from '../aead-input.ts'
import type { AeadInput, ChaCha20Poly1305 } from '../crypto-suite.ts'

export const nobleChaCha20Poly1305: ChaCha20Poly1305 = {
  seal(input: AeadInput): Uint8Array {
    requireSealInput(input)
    return chacha20poly1305(input.key, input.nonce, input.associatedData).encrypt(input.data)
  },

  open(input: AeadInput): Uint8Array {
    requireOpenInput(input)
    const cipher = chacha20poly1305(input.key, input.nonce, input.associatedData)
    try {
      return cipher.decrypt(input.data)
    } catch {
      // The lengths are right, so the reason is the tag.
      throw aeadOpenFailed()
    }
  },
}
