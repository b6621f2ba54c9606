import {
  createPrivateKey,
  createPublicKey,
  decapsulate,
  encapsulate,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'
import { CryptoError } from '../crypto-error.ts'
import type { Encapsulation, MlKem768, MlKem768KeyPair } from '../crypto-suite.ts'
import {
  ML_KEM_768_CIPHERTEXT_BYTES,
  ML_KEM_768_PUBLIC_KEY_BYTES,
  ML_KEM_768_SEED_BYTES,
  requireLength,
} from '../lengths.ts'
import type { Secret } from '../secret.ts'
import { nodeSecret } from './node-secret.ts'
import { plainBytes } from './plain-bytes.ts'

export const mlKem768: MlKem768 = {
  generate(seed?: Uint8Array): MlKem768KeyPair {
    if (seed === undefined) {
      const pair = generateKeyPairSync('ml-kem-768')
      return new NodeMlKem768KeyPair(pair.privateKey, pair.publicKey)
    }
    requireLength('an ML-KEM-768 seed', seed, ML_KEM_768_SEED_BYTES)
    const key = createPrivateKey({
      key: seed,
      format: 'raw-seed',
      asymmetricKeyType: 'ml-kem-768',
    })
    return new NodeMlKem768KeyPair(key, createPublicKey(key))
  },

  encapsulate(publicKey: Uint8Array): Encapsulation {
    requireLength('an ML-KEM-768 public key', publicKey, ML_KEM_768_PUBLIC_KEY_BYTES)
    const { ciphertext, sharedKey } = encapsulate(importPublicKey(publicKey))
    return { ciphertext: plainBytes(ciphertext), sharedSecret: plainBytes(sharedKey) }
  },
}

/** OpenSSL makes the modulus check of FIPS 203 §7.2 when it imports the key. */
function importPublicKey(publicKey: Uint8Array): KeyObject {
  try {
    return createPublicKey({
      key: publicKey,
      format: 'raw-public',
      asymmetricKeyType: 'ml-kem-768',
    })
  } catch (cause) {
    throw new CryptoError('key-malformed', 'not an ML-KEM-768 public key', { cause })
  }
}

class NodeMlKem768KeyPair implements MlKem768KeyPair {
  readonly publicKey: Uint8Array
  readonly #privateKey: Secret<KeyObject>

  constructor(privateKey: KeyObject, publicKey: KeyObject) {
    this.publicKey = plainBytes(publicKey.export({ format: 'raw-public' }))
    this.#privateKey = nodeSecret(privateKey)
  }

  decapsulate(ciphertext: Uint8Array): Uint8Array {
    const privateKey = this.#privateKey.reveal()
    requireLength('an ML-KEM-768 ciphertext', ciphertext, ML_KEM_768_CIPHERTEXT_BYTES)
    return plainBytes(decapsulate(privateKey, ciphertext))
  }

  wipe(): void {
    this.#privateKey.wipe()
  }
}
