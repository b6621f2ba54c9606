import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
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
import { nodeSecret } from './node-secret.ts'
import { plainBytes } from './plain-bytes.ts'

export const mlDsa44: MlDsa44 = {
  signer(seed?: Uint8Array): Signer {
    if (seed === undefined) {
      const pair = generateKeyPairSync('ml-dsa-44')
      return new NodeMlDsa44Signer(pair.privateKey, pair.publicKey)
    }
    requireLength('an ML-DSA-44 seed', seed, ML_DSA_44_SEED_BYTES)
    const key = createPrivateKey({
      key: seed,
      format: 'raw-seed',
      asymmetricKeyType: 'ml-dsa-44',
    })
    return new NodeMlDsa44Signer(key, createPublicKey(key))
  },

  verify(input: VerifyInput): boolean {
    const context = input.context ?? EMPTY
    requireLength('an ML-DSA-44 public key', input.publicKey, ML_DSA_44_PUBLIC_KEY_BYTES)
    requireLength('an ML-DSA-44 signature', input.signature, ML_DSA_44_SIGNATURE_BYTES)
    requireMlDsaContext(context)
    const key = createPublicKey({
      key: input.publicKey,
      format: 'raw-public',
      asymmetricKeyType: 'ml-dsa-44',
    })
    return verify(null, input.message, { key, context }, input.signature)
  },
}

class NodeMlDsa44Signer implements Signer {
  readonly publicKey: Uint8Array
  readonly #privateKey: Secret<KeyObject>

  constructor(privateKey: KeyObject, publicKey: KeyObject) {
    this.publicKey = plainBytes(publicKey.export({ format: 'raw-public' }))
    this.#privateKey = nodeSecret(privateKey)
  }

  sign(message: Uint8Array, context: Uint8Array = EMPTY): Uint8Array {
    const key = this.#privateKey.reveal()
    requireMlDsaContext(context)
    return plainBytes(sign(null, message, { key, context }))
  }

  exportSeed(): Uint8Array {
    return plainBytes(this.#privateKey.reveal().export({ format: 'raw-seed' }))
  }

  wipe(): void {
    this.#privateKey.wipe()
  }
}
