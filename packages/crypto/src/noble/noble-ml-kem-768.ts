import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import type { RandomSource } from '@warren/core'
import { CryptoError } from '../crypto-error.ts'
import type { Encapsulation, MlKem768, MlKem768KeyPair } from '../crypto-suite.ts'
import {
  ML_KEM_768_CIPHERTEXT_BYTES,
  ML_KEM_768_PUBLIC_KEY_BYTES,
  ML_KEM_768_SEED_BYTES,
  requireLength,
} from '../lengths.ts'
import type { Secret } from '../secret.ts'
import { nobleSecret } from './noble-secret.ts'

/** The random m of ML-KEM.Encaps (FIPS 203 §7.2). */
const COINS_BYTES = 32

export function nobleMlKem768(random: RandomSource): MlKem768 {
  return {
    generate(seed?: Uint8Array): MlKem768KeyPair {
      if (seed !== undefined) return pairOf(seed)
      const fresh = random.randomBytes(ML_KEM_768_SEED_BYTES)
      try {
        return pairOf(fresh)
      } finally {
        fresh.fill(0)
      }
    },

    encapsulate(publicKey: Uint8Array): Encapsulation {
      requireLength('an ML-KEM-768 public key', publicKey, ML_KEM_768_PUBLIC_KEY_BYTES)
      const coins = random.randomBytes(COINS_BYTES)
      try {
        const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, coins)
        return { ciphertext: cipherText, sharedSecret }
      } catch (cause) {
        throw new CryptoError('key-malformed', 'not an ML-KEM-768 public key', { cause })
      } finally {
        coins.fill(0)
      }
    },
  }
}

function pairOf(seed: Uint8Array): MlKem768KeyPair {
  requireLength('an ML-KEM-768 seed', seed, ML_KEM_768_SEED_BYTES)
  const { publicKey, secretKey } = ml_kem768.keygen(seed)
  return new NobleMlKem768KeyPair(publicKey, secretKey)
}

class NobleMlKem768KeyPair implements MlKem768KeyPair {
  readonly publicKey: Uint8Array
  readonly #secretKey: Secret<Uint8Array>

  constructor(publicKey: Uint8Array, secretKey: Uint8Array) {
    this.publicKey = publicKey
    this.#secretKey = nobleSecret(secretKey)
  }

  decapsulate(ciphertext: Uint8Array): Uint8Array {
    const secretKey = this.#secretKey.reveal()
    requireLength('an ML-KEM-768 ciphertext', ciphertext, ML_KEM_768_CIPHERTEXT_BYTES)
    return ml_kem768.decapsulate(ciphertext, secretKey)
  }

  wipe(): void {
    this.#secretKey.wipe()
  }
}
