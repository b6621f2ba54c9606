import type { ChaCha20Poly1305 } from '@warren/crypto'
import { CIPHER_MESSAGES_MAX, CipherState, TAG_BYTES } from './cipher-state.ts'
import { HandshakeError, type HandshakeStep } from './handshake-error.ts'

/** Longest Noise message (Noise §3), so that a 16-bit length can frame it. */
export const TRANSPORT_CIPHERTEXT_BYTES_MAX = 65_535
export const TRANSPORT_PLAINTEXT_BYTES_MAX: number = TRANSPORT_CIPHERTEXT_BYTES_MAX - TAG_BYTES

const NOTHING = new Uint8Array(0)

export interface TransportCipherInit {
  readonly aead: ChaCha20Poly1305
  /** 32 bytes; belongs to the cipher from now on. */
  readonly key: Uint8Array
  /** At most, and by default, 2^32 - 1. */
  readonly messagesMax?: number | undefined
}

/**
 * One direction of a channel: messages sealed in order, with empty associated data (Noise §7.1).
 *
 * After any throw the key is wiped and every later call throws `cipher-wiped`. Nothing that the
 * peer sends makes `open` throw anything but a `HandshakeError`.
 */
export class TransportCipher {
  readonly #cipher: CipherState
  #wiped = false

  constructor(init: TransportCipherInit) {
    this.#cipher = new CipherState({
      aead: init.aead,
      key: init.key,
      messagesMax: init.messagesMax ?? CIPHER_MESSAGES_MAX,
    })
  }

  /**
   * Seals at most 65 519 bytes into `headroom` free bytes followed by ciphertext and tag.
   *
   * The free bytes are for the length that frames the message, so that one buffer holds both.
   */
  seal(plaintext: Uint8Array, headroom = 0): Uint8Array {
    return this.#guarded('transport.seal', (step) => {
      if (plaintext.length > TRANSPORT_PLAINTEXT_BYTES_MAX) {
        throw new HandshakeError('message-length', step)
      }
      return this.#cipher.seal({ plaintext, associatedData: NOTHING, step, headroom })
    })
  }

  /** Opens the next message: 16 to 65 535 bytes, without the length that framed it. */
  open(ciphertext: Uint8Array): Uint8Array {
    return this.#guarded('transport.open', (step) => {
      if (ciphertext.length < TAG_BYTES || ciphertext.length > TRANSPORT_CIPHERTEXT_BYTES_MAX) {
        throw new HandshakeError('message-length', step)
      }
      return this.#cipher.open({ ciphertext, associatedData: NOTHING, step })
    })
  }

  wipe(): void {
    this.#wiped = true
    this.#cipher.wipe()
  }

  #guarded(step: HandshakeStep, work: (step: HandshakeStep) => Uint8Array): Uint8Array {
    if (this.#wiped) throw new HandshakeError('cipher-wiped', step)
    try {
      return work(step)
    } catch (error) {
      this.wipe()
      throw error
    }
  }
}
