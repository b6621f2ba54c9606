import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import type { Ed25519, Signer, VerifyInput } from '../crypto-suite.ts'
import { isAcceptableEd25519Key } from '../ed25519-encoding.ts'
import {
  ED25519_KEY_BYTES,
  ED25519_SIGNATURE_BYTES,
  refuseEd25519Context,
  requireLength,
} from '../lengths.ts'
import type { Secret } from '../secret.ts'
import { nodeSecret } from './node-secret.ts'
import { plainBytes } from './plain-bytes.ts'

export const ed25519: Ed25519 = {
  signer(seed?: Uint8Array): Signer {
    if (seed === undefined) {
      const pair = generateKeyPairSync('ed25519')
      return new NodeEd25519Signer(pair.privateKey, pair.publicKey)
    }
    requireLength('an Ed25519 seed', seed, ED25519_KEY_BYTES)
    const key = createPrivateKey({
      key: seed,
      format: 'raw-private',
      asymmetricKeyType: 'ed25519',
    })
    return new NodeEd25519Signer(key, createPublicKey(key))
  },

  /** OpenSSL refuses S ≥ L and compares R byte for byte, but takes a y that is not reduced. */
  verify(input: VerifyInput): boolean {
    requireLength('an Ed25519 public key', input.publicKey, ED25519_KEY_BYTES)
    requireLength('an Ed25519 signature', input.signature, ED25519_SIGNATURE_BYTES)
    refuseEd25519Context(input.context)
    if (!isAcceptableEd25519Key(input.publicKey)) return false
    const key = createPublicKey({
      key: input.publicKey,
      format: 'raw-public',
      asymmetricKeyType: 'ed25519',
    })
    return verify(null, input.message, key, input.signature)
  },
}

class NodeEd25519Signer implements Signer {
  readonly publicKey: Uint8Array
  readonly #privateKey: Secret<KeyObject>

  constructor(privateKey: KeyObject, publicKey: KeyObject) {
    this.publicKey = plainBytes(publicKey.export({ format: 'raw-public' }))
    this.#privateKey = nodeSecret(privateKey)
  }

  sign(message: Uint8Array, context?: Uint8Array): Uint8Array {
    const key = this.#privateKey.reveal()
    refuseEd25519Context(context)
    return plainBytes(sign(null, message, key))
  }

  exportSeed(): Uint8Array {
    return plainBytes(this.#privateKey.reveal().export({ format: 'raw-private' }))
  }

  wipe(): void {
    this.#privateKey.wipe()
  }
}
