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
  /** Deliberate mistakes: what one signature says instead, or by which key it is made. */
  readonly sessionRole?: 'I' | 'R'
  readonly mlDsaRole?: 'I' | 'R'
  readonly mlDsaContext?: string
  readonly identitySigner?: Uint8Array
  readonly sessionSigner?: Uint8Array
  readonly mlDsaSigner?: Uint8Array
}

export interface ReferenceField {
  readonly number: number
  readonly value: Uint8Array
}

/** The fields of a payload, in order, before they are encoded. */
export interface ReferenceFields {
  readonly outer: readonly ReferenceField[]
  /** What is in the field `extensions`, which comes last. */
  readonly extensions: readonly ReferenceField[] | undefined
}

/** The payload of message B or C from docs/specs/handshake.md alone; ML-DSA in its deterministic variant. */
export function referenceFields(input: ReferencePayloadInput): ReferenceFields {
  const { ed25519Seed, mlDsa44Seed, role, h } = input
  const session = (letter: string): Uint8Array =>
    concat([fromString(`warren-session-v1:${letter}`), h])
  const identitySig = ed25519.sign(
    concat([fromString('noise-libp2p-static-key:'), input.staticPublicKey]),
    input.identitySigner ?? ed25519Seed,
  )
  const sessionSig = ed25519.sign(
    session(input.sessionRole ?? role),
    input.sessionSigner ?? ed25519Seed,
  )
  const mlDsaSig = ml_dsa44.sign(
    session(input.mlDsaRole ?? role),
    ml_dsa44.keygen(input.mlDsaSigner ?? mlDsa44Seed).secretKey,
    { context: fromString(input.mlDsaContext ?? 'warren'), extraEntropy: false },
  )
  const identityKey = concat([Uint8Array.of(8, 1, 0x12, 32), ed25519.getPublicKey(ed25519Seed)])
  return {
    outer: [
      { number: 1, value: identityKey },
      { number: 2, value: identitySig },
    ],
    extensions: [
      ...input.streamMuxers.map((muxer) => ({ number: 2, value: fromString(muxer) })),
      { number: 1025, value: sessionSig },
      { number: 1026, value: mlDsaSig },
      { number: 1027, value: ml_dsa44.keygen(mlDsa44Seed).publicKey },
    ],
  }
}

/** The fields on the wire, in the order in which they stand in the list. */
export function encodeFields({ outer, extensions }: ReferenceFields): Uint8Array {
  const encoded = (fields: readonly ReferenceField[]): Uint8Array =>
    concat(fields.map(({ number, value }) => protobufField(number, value)))
  const last = extensions === undefined ? [] : [{ number: 4, value: encoded(extensions) }]
  return encoded([...outer, ...last])
}

/** A length-delimited field. */
export function protobufField(number: number, value: Uint8Array): Uint8Array {
  return concat([varint(number * 8 + 2), varint(value.length), value])
}

export function varint(value: number): Uint8Array {
  if (value < 128) return Uint8Array.of(value)
  return concat([Uint8Array.of(128 + (value % 128)), varint(Math.floor(value / 128))])
}
