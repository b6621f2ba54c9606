import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { x25519 } from '@noble/curves/ed25519.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'

/**
 * The Noise layer written down once more, message by message, from docs/specs/handshake.md alone
 * and on the @noble libraries alone. It shares no code with packages/handshake and checks nothing
 * that it need not check: its only use is to agree or to disagree.
 */

const NAME = 'Noise_XXhfs_25519+MLKEM768_ChaChaPoly_SHA256'

export interface ReferenceInit {
  /** Private keys and seeds of this side. */
  readonly s: Uint8Array
  readonly e: Uint8Array
  /** 64 bytes, initiator only. */
  readonly kemSeed?: Uint8Array
  /** 32 bytes, responder only. */
  readonly coins?: Uint8Array
  readonly prologue: Uint8Array
  /** Deliberate mistakes. */
  readonly protocolName?: string
  readonly ciphertextAfterMixKey?: boolean
  /** Instead of the public keys that belong to `e` and `s`. */
  readonly ephemeralPublicKey?: Uint8Array
  readonly staticPublicKey?: Uint8Array
}

type PayloadOf = (h: Uint8Array) => Uint8Array

export class ReferenceNoise {
  h: Uint8Array
  ck: Uint8Array
  k: Uint8Array | undefined
  n = 0
  readonly init: ReferenceInit
  re = new Uint8Array()
  rs = new Uint8Array()
  rek = new Uint8Array()
  readonly kem: ReturnType<typeof ml_kem768.keygen> | undefined

  constructor(init: ReferenceInit) {
    this.init = init
    this.h = sha256(fromString(init.protocolName ?? NAME))
    this.ck = this.h
    this.kem = init.kemSeed === undefined ? undefined : ml_kem768.keygen(init.kemSeed)
    this.mixHash(init.prologue)
  }

  mixHash(data: Uint8Array): void {
    this.h = sha256(concat([this.h, data]))
  }

  mixKey(ikm: Uint8Array): void {
    const temp = hmac(sha256, this.ck, ikm)
    this.ck = hmac(sha256, temp, Uint8Array.of(1))
    this.k = hmac(sha256, temp, concat([this.ck, Uint8Array.of(2)]))
    this.n = 0
  }

  seal(plaintext: Uint8Array): Uint8Array {
    const sealed = referenceSeal(this.k!, this.n, { ad: this.h, plaintext })
    this.n += 1
    this.mixHash(sealed)
    return sealed
  }

  open(sealed: Uint8Array): Uint8Array {
    const plaintext = chacha20poly1305(this.k!, referenceNonce(this.n), this.h).decrypt(sealed)
    this.n += 1
    this.mixHash(sealed)
    return plaintext
  }

  writeA(): Uint8Array {
    const e = this.init.ephemeralPublicKey ?? x25519.getPublicKey(this.init.e)
    const ek = this.kem!.publicKey
    for (const field of [e, ek, new Uint8Array()]) this.mixHash(field)
    return concat([e, ek])
  }

  readA(message: Uint8Array): void {
    this.re = message.slice(0, 32)
    this.rek = message.slice(32, 1216)
    for (const field of [this.re, this.rek, new Uint8Array()]) this.mixHash(field)
  }

  writeB(payloadOf: PayloadOf): Uint8Array {
    const e = this.init.ephemeralPublicKey ?? x25519.getPublicKey(this.init.e)
    this.mixHash(e)
    this.mixKey(x25519.getSharedSecret(this.init.e, this.re))
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(this.rek, this.init.coins)
    const ct = this.ekem1(cipherText, sharedSecret)
    const s = this.seal(this.init.staticPublicKey ?? x25519.getPublicKey(this.init.s))
    this.mixKey(x25519.getSharedSecret(this.init.s, this.re))
    return concat([e, ct, s, this.seal(payloadOf(this.h))])
  }

  ekem1(cipherText: Uint8Array, sharedSecret: Uint8Array): Uint8Array {
    if (this.init.ciphertextAfterMixKey === true) {
      this.mixKey(sharedSecret)
      return this.seal(cipherText)
    }
    const sealed = this.seal(cipherText)
    this.mixKey(sharedSecret)
    return sealed
  }

  /** Returns the payload and `h` in front of it. */
  readB(message: Uint8Array): { h: Uint8Array; payload: Uint8Array } {
    this.re = message.slice(0, 32)
    this.mixHash(this.re)
    this.mixKey(x25519.getSharedSecret(this.init.e, this.re))
    const cipherText = this.open(message.slice(32, 1136))
    this.mixKey(ml_kem768.decapsulate(cipherText, this.kem!.secretKey))
    this.rs = this.open(message.slice(1136, 1184)) as Uint8Array<ArrayBuffer>
    this.mixKey(x25519.getSharedSecret(this.init.e, this.rs))
    return { h: this.h, payload: this.open(message.slice(1184)) }
  }

  writeC(payloadOf: PayloadOf): Uint8Array {
    const s = this.seal(this.init.staticPublicKey ?? x25519.getPublicKey(this.init.s))
    this.mixKey(x25519.getSharedSecret(this.init.s, this.re))
    return concat([s, this.seal(payloadOf(this.h))])
  }

  /** The exporter and the transport keys of the initiator's and of the responder's messages. */
  split(): { exporter: Uint8Array; initiatorKey: Uint8Array; responderKey: Uint8Array } {
    const exporter = hmac(sha256, this.ck, concat([fromString('warren exporter v1'), this.h]))
    this.mixKey(new Uint8Array())
    return { exporter, initiatorKey: this.ck, responderKey: this.k! }
  }
}

export function referenceNonce(n: number): Uint8Array {
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setBigUint64(4, BigInt(n), true)
  return nonce
}

export function referenceSeal(
  key: Uint8Array,
  n: number,
  input: { ad: Uint8Array; plaintext: Uint8Array },
): Uint8Array {
  return chacha20poly1305(key, referenceNonce(n), input.ad).encrypt(input.plaintext)
}
