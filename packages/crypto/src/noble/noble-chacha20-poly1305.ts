import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { aeadOpenFailed, requireOpenInput, requireSealInput } from '../aead-input.ts'
import type { AeadInput, ChaCha20Poly1305, SealInput } from '../crypto-suite.ts'

export const nobleChaCha20Poly1305: ChaCha20Poly1305 = {
  seal(input: SealInput): Uint8Array {
    requireSealInput(input)
    const cipher = chacha20poly1305(input.key, input.nonce, input.associatedData)
    const ciphertext = cipher.encrypt(input.data)
    const headroom = input.headroom ?? 0
    if (headroom === 0) return ciphertext
    const sealed = new Uint8Array(headroom + ciphertext.length)
    sealed.set(ciphertext, headroom)
    return sealed
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
