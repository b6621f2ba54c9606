import { createCipheriv, createDecipheriv } from 'node:crypto'
import { aeadOpenFailed, requireOpenInput, requireSealInput } from '../aead-input.ts'
import type { AeadInput, ChaCha20Poly1305, SealInput } from '../crypto-suite.ts'
import { AEAD_TAG_BYTES } from '../lengths.ts'
import { plainBytes } from './plain-bytes.ts'

const ALGORITHM = 'chacha20-poly1305'
const OPTIONS = { authTagLength: AEAD_TAG_BYTES }

export const chaCha20Poly1305: ChaCha20Poly1305 = {
  seal(input: SealInput): Uint8Array {
    requireSealInput(input)
    const cipher = createCipheriv(ALGORITHM, input.key, input.nonce, OPTIONS)
    // None given and none of no bytes are the same to Poly1305, and the call is not free.
    if (input.associatedData.length > 0) cipher.setAAD(input.associatedData)
    const headroom = input.headroom ?? 0
    const sealed = new Uint8Array(headroom + input.data.length + AEAD_TAG_BYTES)
    // A stream cipher gives all its output at once: `final` computes the tag and returns nothing.
    sealed.set(cipher.update(input.data), headroom)
    cipher.final()
    sealed.set(cipher.getAuthTag(), headroom + input.data.length)
    return sealed
  },

  open(input: AeadInput): Uint8Array {
    requireOpenInput(input)
    const length = input.data.length - AEAD_TAG_BYTES
    const decipher = createDecipheriv(ALGORITHM, input.key, input.nonce, OPTIONS)
    if (input.associatedData.length > 0) decipher.setAAD(input.associatedData)
    decipher.setAuthTag(input.data.subarray(length))
    const plaintext = decipher.update(input.data.subarray(0, length))
    try {
      decipher.final()
    } catch {
      // OpenSSL's reason is always the tag. What it has decrypted must not be seen by anybody.
      plaintext.fill(0)
      throw aeadOpenFailed()
    }
    return plainBytes(plaintext)
  },
}
