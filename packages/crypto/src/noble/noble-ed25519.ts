import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToNumberLE, equalBytes } from '@noble/curves/utils.js'
import { sha512 } from '@noble/hashes/sha2.js'
import type { RandomSource } from '@warren/core'
import type { Ed25519, Signer, VerifyInput } from '../crypto-suite.ts'
import { isAcceptableEd25519Key } from '../ed25519-encoding.ts'
import {
  ED25519_KEY_BYTES,
  ED25519_SIGNATURE_BYTES,
  refuseEd25519Context,
  requireLength,
} from '../lengths.ts'
import type { Secret } from '../secret.ts'
import { nobleSecret } from './noble-secret.ts'

const { Point } = ed25519

export function nobleEd25519(random: RandomSource): Ed25519 {
  return {
    signer(seed?: Uint8Array): Signer {
      if (seed === undefined) return new NobleEd25519Signer(random.randomBytes(ED25519_KEY_BYTES))
      requireLength('an Ed25519 seed', seed, ED25519_KEY_BYTES)
      return new NobleEd25519Signer(Uint8Array.from(seed))
    },

    verify(input: VerifyInput): boolean {
      requireLength('an Ed25519 public key', input.publicKey, ED25519_KEY_BYTES)
      requireLength('an Ed25519 signature', input.signature, ED25519_SIGNATURE_BYTES)
      refuseEd25519Context(input.context)
      return isAcceptableEd25519Key(input.publicKey) && satisfiesEquation(input)
    },
  }
}

/**
 * RFC 8032 §5.1.7 without the cofactor: R must be, byte for byte, the encoding of S·B - k·A.
 *
 * The library's own `verify` multiplies by the cofactor and so accepts signatures that OpenSSL
 * refuses. A signature that is valid on one node and not on another would split the mesh.
 */
function satisfiesEquation({ publicKey, message, signature }: VerifyInput): boolean {
  const encodedR = signature.subarray(0, ED25519_KEY_BYTES)
  const s = bytesToNumberLE(signature.subarray(ED25519_KEY_BYTES))
  if (!Point.Fn.isValid(s)) return false
  const a = decodePoint(publicKey)
  if (a === undefined) return false

  const digest = sha512.create().update(encodedR).update(publicKey).update(message).digest()
  const k = Point.Fn.create(bytesToNumberLE(digest))
  const expected = Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k))
  return equalBytes(expected.toBytes(), encodedR)
}

function decodePoint(bytes: Uint8Array): InstanceType<typeof Point> | undefined {
  try {
    return Point.fromBytes(bytes)
  } catch {
    // Not on the curve: no signature fits such a key, and that is the answer.
    return undefined
  }
}

class NobleEd25519Signer implements Signer {
  readonly publicKey: Uint8Array
  readonly #seed: Secret<Uint8Array>

  constructor(seed: Uint8Array) {
    this.publicKey = ed25519.getPublicKey(seed)
    this.#seed = nobleSecret(seed)
  }

  sign(message: Uint8Array, context?: Uint8Array): Uint8Array {
    const seed = this.#seed.reveal()
    refuseEd25519Context(context)
    return ed25519.sign(message, seed)
  }

  exportSeed(): Uint8Array {
    return Uint8Array.from(this.#seed.reveal())
  }

  wipe(): void {
    this.#seed.wipe()
  }
}
