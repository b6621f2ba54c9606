import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js'
import type { RandomSource } from '@warren/core'
import type { MlDsa44, Signer, VerifyInput } from '../crypto-suite.ts'
import {
  EMPTY,
  ML_DSA_44_PUBLIC_KEY_BYTES,
  ML_DSA_44_SEED_BYTES,
  ML_DSA_44_SIGNATURE_BYTES,
  requireLength,
  requireMlDsaContext,
} from '../lengths.ts'
import type { Secret } from '../secret.ts'
import { nobleSecret } from './noble-secret.ts'

/** The rnd of the hedged variant (FIPS 204 §5.2). */
const HEDGE_BYTES = 32

export function nobleMlDsa44(random: RandomSource): MlDsa44 {
  return {
    signer(seed?: Uint8Array): Signer {
      if (seed === undefined) {
        return new NobleMlDsa44Signer(random.randomBytes(ML_DSA_44_SEED_BYTES), random)
      }
      requireLength('an ML-DSA-44 seed', seed, ML_DSA_44_SEED_BYTES)
      return new NobleMlDsa44Signer(Uint8Array.from(seed), random)
    },

    verify(input: VerifyInput): boolean {
      const context = input.context ?? EMPTY
      requireLength('an ML-DSA-44 public key', input.publicKey, ML_DSA_44_PUBLIC_KEY_BYTES)
      requireLength('an ML-DSA-44 signature', input.signature, ML_DSA_44_SIGNATURE_BYTES)
      requireMlDsaContext(context)
      return ml_dsa44.verify(input.signature, input.message, input.publicKey, { context })
    },
  }
}

class NobleMlDsa44Signer implements Signer {
  readonly publicKey: Uint8Array
  readonly #seed: Secret<Uint8Array>
  readonly #secretKey: Secret<Uint8Array>
  readonly #random: RandomSource

  constructor(seed: Uint8Array, random: RandomSource) {
    const { publicKey, secretKey } = ml_dsa44.keygen(seed)
    this.publicKey = publicKey
    this.#seed = nobleSecret(seed)
    this.#secretKey = nobleSecret(secretKey)
    this.#random = random
  }

  sign(message: Uint8Array, context: Uint8Array = EMPTY): Uint8Array {
    const secretKey = this.#secretKey.reveal()
    requireMlDsaContext(context)
    const extraEntropy = this.#random.randomBytes(HEDGE_BYTES)
    try {
      return ml_dsa44.sign(message, secretKey, { context, extraEntropy })
    } finally {
      extraEntropy.fill(0)
    }
  }

  exportSeed(): Uint8Array {
    return Uint8Array.from(this.#seed.reveal())
  }

  wipe(): void {
    this.#seed.wipe()
    this.#secretKey.wipe()
  }
}
