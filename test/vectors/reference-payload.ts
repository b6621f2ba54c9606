import { ed25519 } from '@noble/curves/ed25519.js'
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'

export interface ReferencePayloadInput {
  readonly ed25519Seed: Uint8Array
  readonly mlDsa44Seed: Uint8Array
  readonly staticPublicKey: Uint8Array
  readonly role: 'I' | 'R'
  readonly h: Uint8Array
  readonly streamMuxers: readonly string[]
}

/** The payload of message B or C from docs/specs/handshake.md alone; ML-DSA in its deterministic variant. */
export function referencePayload(input: ReferencePayloadInput): Uint8Array {
  const session = concat([fromString(`warren-session-v1:${input.role}`), input.h])
  const mlDsa = ml_dsa44.keygen(input.mlDsa44Seed)
  const identitySig = ed25519.sign(
    concat([fromString('noise-libp2p-static-key:'), input.staticPublicKey]),
    input.ed25519Seed,
  )
  const sessionSig = ed25519.sign(session, input.ed25519Seed)
  const mlDsaSig = ml_dsa44.sign(session, mlDsa.secretKey, {
    context: fromString('warren'),
    extraEntropy: false,
  })
  const identityKey = concat([
    Uint8Array.of(8, 1, 0x12, 32),
    ed25519.getPublicKey(input.ed25519Seed),
  ])
  const extensions = concat([
    ...input.streamMuxers.map((muxer) => protobufField(2, fromString(muxer))),
    protobufField(1025, sessionSig),
    protobufField(1026, mlDsaSig),
    protobufField(1027, mlDsa.publicKey),
  ])
  return concat([
    protobufField(1, identityKey),
    protobufField(2, identitySig),
    protobufField(4, extensions),
  ])
}

/** A length-delimited field. */
export function protobufField(number: number, value: Uint8Array): Uint8Array {
  return concat([varint(number * 8 + 2), varint(value.length), value])
}

export function varint(value: number): Uint8Array {
  if (value < 128) return Uint8Array.of(value)
  return concat([Uint8Array.of(128 + (value % 128)), varint(Math.floor(value / 128))])
}
