import { x25519 } from '@noble/curves/ed25519.js'
import { expand, extract } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { referenceSeal } from './reference-noise.ts'

export interface ReferenceCallInput {
  readonly exporter: Uint8Array
  readonly handshakeHash: Uint8Array
  readonly protocol: string
  readonly callId: 'I' | 'R'
  readonly eC: Uint8Array
  readonly kemSeed: Uint8Array
  readonly eS: Uint8Array
  readonly coins: Uint8Array
}

/** The exchange of one call from docs/specs/handshake.md alone. */
export function referenceCall(input: ReferenceCallInput): {
  readonly hello: Uint8Array
  readonly reply: Uint8Array
  readonly th: Uint8Array
  readonly keys: readonly [c2s: Uint8Array, s2c: Uint8Array, conf: Uint8Array]
} {
  const kem = ml_kem768.keygen(input.kemSeed)
  const hello = concat([Uint8Array.of(1), x25519.getPublicKey(input.eC), kem.publicKey])
  const { cipherText, sharedSecret } = ml_kem768.encapsulate(kem.publicKey, input.coins)
  const eS = x25519.getPublicKey(input.eS)
  const th = sha256(
    concat([
      lp(fromString('warren/call/1')),
      lp(input.handshakeHash),
      lp(fromString(input.protocol)),
      lp(fromString(input.callId)),
      lp(hello),
      lp(concat([eS, cipherText])),
    ]),
  )
  const ikm = concat([sharedSecret, x25519.getSharedSecret(input.eC, eS)])
  const prk = extract(sha256, ikm, input.exporter)
  const okm = expand(sha256, prk, concat([fromString('warren/call/1 keys'), th]), 96)
  const conf = okm.slice(64)
  const tag = referenceSeal(conf, 0, { ad: th, plaintext: new Uint8Array() })
  return {
    hello,
    reply: concat([eS, cipherText, tag]),
    th,
    keys: [okm.slice(0, 32), okm.slice(32, 64), conf],
  }
}

/** One frame: n ‖ type ‖ ciphertext and tag. */
export function referenceFrame(
  key: Uint8Array,
  counter: number,
  content: { type: number; plaintext: Uint8Array },
): Uint8Array {
  const header = new Uint8Array(5)
  new DataView(header.buffer).setUint32(0, content.plaintext.length + 16)
  header[4] = content.type
  return concat([header, referenceSeal(key, counter, { ad: header, plaintext: content.plaintext })])
}

function lp(part: Uint8Array): Uint8Array {
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, part.length)
  return concat([length, part])
}
