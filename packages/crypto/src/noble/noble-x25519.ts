import { x25519 } from '@noble/curves/ed25519.js'
import type { RandomSource } from '@warren/core'
import { CryptoError } from '../crypto-error.ts'
import type { X25519, X25519KeyPair } from '../crypto-suite.ts'
import { requireLength, X25519_KEY_BYTES } from '../lengths.ts'
import type { Secret } from '../secret.ts'
import { nobleSecret } from './noble-secret.ts'

export function nobleX25519(random: RandomSource): X25519 {
  return {
    generate(privateKey?: Uint8Array): X25519KeyPair {
      if (privateKey === undefined) {
        return new NobleX25519KeyPair(random.randomBytes(X25519_KEY_BYTES))
      }
      requireLength('an X25519 private key', privateKey, X25519_KEY_BYTES)
      return new NobleX25519KeyPair(Uint8Array.from(privateKey))
    },
  }
}

class NobleX25519KeyPair implements X25519KeyPair {
  readonly publicKey: Uint8Array
  readonly #privateKey: Secret<Uint8Array>

  constructor(privateKey: Uint8Array) {
    this.publicKey = x25519.getPublicKey(privateKey)
    this.#privateKey = nobleSecret(privateKey)
  }

  agree(peerPublicKey: Uint8Array): Uint8Array {
    const privateKey = this.#privateKey.reveal()
    requireLength('an X25519 public key', peerPublicKey, X25519_KEY_BYTES)
    try {
      return x25519.getSharedSecret(privateKey, peerPublicKey)
    } catch (cause) {
      throw new CryptoError('key-agreement-failed', 'the shared secret would be zero', { cause })
    }
  }

  wipe(): void {
    this.#privateKey.wipe()
  }
}
