import type { ChaCha20Poly1305 } from '@warren/crypto'
import { HandshakeError, type HandshakeStep } from './handshake-error.ts'
import { refusing } from './refusing.ts'

/**
 * How many messages one key may seal or open: counters 0 to 2^32 - 2.
 *
 * Noise §5.1 allows 2^64 - 1. This is the limit of the libp2p implementations in JavaScript, exact
 * in a double; a key that reaches it stops for good, since there is no rekey.
 */
export const CIPHER_MESSAGES_MAX: number = 2 ** 32 - 1

/** Length of the Poly1305 tag at the end of every ciphertext. */
export const TAG_BYTES = 16

const NONCE_BYTES = 12
/** Noise §12.3: 32 zero bits, then the counter in 64 bits little-endian. */
const NONCE_COUNTER_OFFSET = 4

export interface CipherStateInit {
  readonly aead: ChaCha20Poly1305
  /** 32 bytes; belongs to this object from now on, which wipes it. */
  readonly key: Uint8Array
  readonly messagesMax?: number | undefined
}

export interface SealInput {
  readonly plaintext: Uint8Array
  readonly associatedData: Uint8Array
  readonly step: HandshakeStep
  /** Bytes that are left free in front of the ciphertext. */
  readonly headroom?: number
}

export interface OpenInput {
  readonly ciphertext: Uint8Array
  readonly associatedData: Uint8Array
  readonly step: HandshakeStep
}

/** One key and its counter (Noise §5.1, CipherState). Every message takes the next counter, in order. */
export class CipherState {
  readonly #aead: ChaCha20Poly1305
  readonly #key: Uint8Array
  readonly #messagesMax: number
  readonly #nonce = new Uint8Array(NONCE_BYTES)
  readonly #nonceView = new DataView(this.#nonce.buffer)
  #counter = 0
  #wiped = false

  constructor(init: CipherStateInit) {
    this.#aead = init.aead
    this.#key = init.key
    this.#messagesMax = Math.min(init.messagesMax ?? CIPHER_MESSAGES_MAX, CIPHER_MESSAGES_MAX)
  }

  seal(input: SealInput): Uint8Array {
    return this.#aead.seal({
      key: this.#key,
      nonce: this.#nextNonce(input.step),
      data: input.plaintext,
      associatedData: input.associatedData,
      headroom: input.headroom ?? 0,
    })
  }

  /** Throws `decryption-failed`; the caller then gives the key up, so that no second try is possible. */
  open(input: OpenInput): Uint8Array {
    const nonce = this.#nextNonce(input.step)
    return refusing('decryption-failed', input.step, () =>
      this.#aead.open({
        key: this.#key,
        nonce,
        data: input.ciphertext,
        associatedData: input.associatedData,
      }),
    )
  }

  /** Every later call throws `cipher-wiped`: nothing may be sealed under the zeros that are left. */
  wipe(): void {
    this.#wiped = true
    this.#key.fill(0)
  }

  #nextNonce(step: HandshakeStep): Uint8Array {
    if (this.#wiped) throw new HandshakeError('cipher-wiped', step)
    if (this.#counter >= this.#messagesMax) throw new HandshakeError('counter-exhausted', step)
    this.#nonceView.setUint32(NONCE_COUNTER_OFFSET, this.#counter, true)
    this.#counter += 1
    return this.#nonce
  }
}
