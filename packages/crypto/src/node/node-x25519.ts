import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'
import { CryptoError } from '../crypto-error.ts'
import type { X25519, X25519KeyPair } from '../crypto-suite.ts'
import { requireLength, X25519_KEY_BYTES } from '../lengths.ts'
import type { Secret } from '../secret.ts'
import { nodeSecret } from './node-secret.ts'
import { plainBytes } from './plain-bytes.ts'

export const x25519: X25519 = {
  generate(privateKey?: Uint8Array): X25519KeyPair {
    if (privateKey === undefined) {
      const pair = generateKeyPairSync('x25519')
      return new NodeX25519KeyPair(pair.privateKey, pair.publicKey)
    }
    requireLength('an X25519 private key', privateKey, X25519_KEY_BYTES)
    const key = createPrivateKey({
      key: privateKey,
      format: 'raw-private',
      asymmetricKeyType: 'x25519',
    })
    return new NodeX25519KeyPair(key, createPublicKey(key))
  },
}

class NodeX25519KeyPair implements X25519KeyPair {
  readonly publicKey: Uint8Array
  readonly #privateKey: Secret<KeyObject>

  constructor(privateKey: KeyObject, publicKey: KeyObject) {
    this.publicKey = plainBytes(publicKey.export({ format: 'raw-public' }))
    this.#privateKey = nodeSecret(privateKey)
  }

  agree(peerPublicKey: Uint8Array): Uint8Array {
    const privateKey = this.#privateKey.reveal()
    requireLength('an X25519 public key', peerPublicKey, X25519_KEY_BYTES)
    try {
      const publicKey = createPublicKey({
        key: peerPublicKey,
        format: 'raw-public',
        asymmetricKeyType: 'x25519',
      })
      return plainBytes(diffieHellman({ privateKey, publicKey }))
    } catch (cause) {
      throw new CryptoError('key-agreement-failed', 'the shared secret would be zero', { cause })
    }
  }

  wipe(): void {
    this.#privateKey.wipe()
  }
}
