import type { CryptoSuite } from '@warren/crypto'
import { fromString } from 'uint8arrays/from-string'
import { CipherState } from './cipher-state.ts'
import type { HandshakeStep } from './handshake-error.ts'

const HASH_BYTES = 32
const NOTHING = new Uint8Array(0)
const EXPORTER_LABEL = fromString('warren exporter v1', 'utf8')

/** What both sides hold when the last message is through. */
export interface Split {
  /** Key for what the initiator sends. 32 bytes. */
  readonly initiatorKey: Uint8Array
  /** Key for what the responder sends. 32 bytes. */
  readonly responderKey: Uint8Array
  readonly exporter: Uint8Array
}

/** Chaining key `ck`, transcript hash `h` and the key that follows from them (Noise §5.2). */
export class SymmetricState {
  readonly #suite: CryptoSuite
  #h: Uint8Array
  #ck: Uint8Array
  #cipher: CipherState | undefined

  constructor(suite: CryptoSuite, protocolName: string) {
    this.#suite = suite
    this.#h = initialHash(suite, protocolName)
    this.#ck = this.#h.slice()
  }

  get hasKey(): boolean {
    return this.#cipher !== undefined
  }

  /** The transcript up to here. Public, and never written to again. */
  get hash(): Uint8Array {
    return this.#h
  }

  mixHash(data: Uint8Array): void {
    this.#h = this.#suite.sha256(this.#h, data)
  }

  /** Takes a shared secret in, wipes it, and starts a new key with counter 0. */
  mixKey(secret: Uint8Array): void {
    const [ck, key] = this.#expand(secret)
    secret.fill(0)
    this.#ck.fill(0)
    this.#cipher?.wipe()
    this.#ck = ck
    this.#cipher = new CipherState({ aead: this.#suite.chaCha20Poly1305, key })
  }

  /** Before there is a key this hashes the plaintext and returns it as it is (Noise §5.2). */
  encryptAndHash(plaintext: Uint8Array, step: HandshakeStep): Uint8Array {
    const ciphertext = this.#cipher?.seal({ plaintext, associatedData: this.#h, step }) ?? plaintext
    this.mixHash(ciphertext)
    return ciphertext
  }

  decryptAndHash(ciphertext: Uint8Array, step: HandshakeStep): Uint8Array {
    const plaintext =
      this.#cipher?.open({ ciphertext, associatedData: this.#h, step }) ?? ciphertext
    this.mixHash(ciphertext)
    return plaintext
  }

  /** Ends the handshake: transport keys, exporter, and nothing left behind. */
  split(): Split {
    const exporter = this.#suite.hmacSha256(this.#ck, EXPORTER_LABEL, this.#h)
    const [initiatorKey, responderKey] = this.#expand(NOTHING)
    this.wipe()
    return { initiatorKey, responderKey, exporter }
  }

  wipe(): void {
    this.#ck.fill(0)
    this.#cipher?.wipe()
  }

  /** Noise §4.3: HKDF with two outputs is RFC 5869 with salt `ck`, empty info and 64 bytes. */
  #expand(ikm: Uint8Array): readonly [Uint8Array, Uint8Array] {
    const output = this.#suite.hkdfSha256({
      ikm,
      salt: this.#ck,
      info: NOTHING,
      length: 2 * HASH_BYTES,
    })
    return [output.subarray(0, HASH_BYTES), output.subarray(HASH_BYTES)]
  }
}

/** Noise §5.2: a name of at most 32 bytes is padded with zeros, a longer one hashed. */
function initialHash(suite: CryptoSuite, protocolName: string): Uint8Array {
  const name = fromString(protocolName, 'utf8')
  if (name.length > HASH_BYTES) return suite.sha256(name)
  const padded = new Uint8Array(HASH_BYTES)
  padded.set(name)
  return padded
}
