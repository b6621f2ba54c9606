import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { HandshakeError, type HandshakeStep, type PayloadField } from './handshake-error.ts'
import { decodeIdentityKey, encodeIdentityKey } from './identity-key.ts'
import { readFields } from './protobuf-reader.ts'
import { writeField } from './protobuf-writer.ts'

/** What message B and message C carry: who is there, and the proofs (libp2p noise, NoiseHandshakePayload). */
export interface HandshakePayload {
  /** 32 bytes. */
  readonly ed25519Key: Uint8Array
  /** 64 bytes, over the X25519 static key. */
  readonly identitySignature: Uint8Array
  readonly streamMuxers: readonly string[]
  /** 64 bytes, over the transcript. */
  readonly sessionSignature: Uint8Array
  /** 2420 bytes, over the transcript. */
  readonly mlDsa44Signature: Uint8Array
  /** 1312 bytes. */
  readonly mlDsa44Key: Uint8Array
}

/** Longest payload that is read; the usual one has about 3 930 bytes. */
export const PAYLOAD_BYTES_MAX = 16_384
export const STREAM_MUXERS_MAX = 8
export const STREAM_MUXER_BYTES_MAX = 128

const IDENTITY_KEY = 1
const IDENTITY_SIG = 2
const EXTENSIONS = 4
const STREAM_MUXERS = 2
const SESSION_SIG = 1025
const MLDSA_SIG = 1026
const MLDSA_KEY = 1027

const ED25519_SIGNATURE_BYTES = 64
const MLDSA44_SIGNATURE_BYTES = 2420
const MLDSA44_KEY_BYTES = 1312

const PAYLOAD_FIELDS: ReadonlyMap<number, PayloadField> = new Map([
  [IDENTITY_KEY, 'identity_key'],
  [IDENTITY_SIG, 'identity_sig'],
  [EXTENSIONS, 'extensions'],
])
const EXTENSION_FIELDS: ReadonlyMap<number, PayloadField> = new Map([
  [STREAM_MUXERS, 'stream_muxers'],
  [SESSION_SIG, 'session_sig'],
  [MLDSA_SIG, 'mldsa_sig'],
  [MLDSA_KEY, 'mldsa_key'],
])
const REPEATED: ReadonlySet<PayloadField> = new Set(['stream_muxers'])

/** A protocol id: printable ASCII without the space. */
const STREAM_MUXER_PATTERN = /^[\x21-\x7e]+$/

/** Encodes with ascending field numbers. */
export function encodePayload(payload: HandshakePayload): Uint8Array {
  const extensions = concat([
    ...payload.streamMuxers.map((muxer) => writeField(STREAM_MUXERS, fromString(muxer, 'utf8'))),
    writeField(SESSION_SIG, payload.sessionSignature),
    writeField(MLDSA_SIG, payload.mlDsa44Signature),
    writeField(MLDSA_KEY, payload.mlDsa44Key),
  ])
  return concat([
    writeField(IDENTITY_KEY, encodeIdentityKey(payload.ed25519Key)),
    writeField(IDENTITY_SIG, payload.identitySignature),
    writeField(EXTENSIONS, extensions),
  ])
}

/**
 * Decodes the payload of message B or C and checks the length of every field in it.
 *
 * Unknown fields, fields that stand twice, and missing ones are refused; the order is free.
 * Verifies nothing: that is for `verifyPayload`.
 */
export function decodePayload(bytes: Uint8Array, label: 'B' | 'C'): HandshakePayload {
  if (bytes.length > PAYLOAD_BYTES_MAX) {
    throw new HandshakeError('payload-malformed', `${label}.payload`)
  }
  const outer = collect(bytes, PAYLOAD_FIELDS, `${label}.payload`)
  const identityKey = single(outer, 'identity_key', label)
  const identitySignature = sized(outer, 'identity_sig', { label, bytes: ED25519_SIGNATURE_BYTES })
  const inner = collect(single(outer, 'extensions', label), EXTENSION_FIELDS, `${label}.extensions`)
  return {
    ed25519Key: decodeIdentityKey(identityKey, `${label}.identity_key`),
    identitySignature,
    streamMuxers: streamMuxersOf(inner.get('stream_muxers') ?? [], `${label}.stream_muxers`),
    sessionSignature: sized(inner, 'session_sig', { label, bytes: ED25519_SIGNATURE_BYTES }),
    mlDsa44Signature: sized(inner, 'mldsa_sig', { label, bytes: MLDSA44_SIGNATURE_BYTES }),
    mlDsa44Key: sized(inner, 'mldsa_key', { label, bytes: MLDSA44_KEY_BYTES }).slice(),
  }
}

type Fields = ReadonlyMap<PayloadField, readonly Uint8Array[]>

function collect(
  bytes: Uint8Array,
  names: ReadonlyMap<number, PayloadField>,
  step: HandshakeStep,
): Fields {
  const fields = new Map<PayloadField, readonly Uint8Array[]>()
  for (const { number, value } of readFields(bytes, step)) {
    const name = names.get(number)
    if (name === undefined) throw new HandshakeError('payload-malformed', step)
    const before = fields.get(name) ?? []
    const most = REPEATED.has(name) ? STREAM_MUXERS_MAX : 1
    if (before.length >= most) throw new HandshakeError('payload-malformed', step)
    fields.set(name, [...before, value])
  }
  return fields
}

function single(fields: Fields, name: PayloadField, label: 'B' | 'C'): Uint8Array {
  const [value] = fields.get(name) ?? []
  if (value === undefined) throw new HandshakeError('signature-missing', `${label}.${name}`)
  return value
}

function sized(
  fields: Fields,
  name: PayloadField,
  expected: { readonly label: 'B' | 'C'; readonly bytes: number },
): Uint8Array {
  const value = single(fields, name, expected.label)
  if (value.length !== expected.bytes) {
    throw new HandshakeError('payload-malformed', `${expected.label}.${name}`)
  }
  return value
}

function streamMuxersOf(values: readonly Uint8Array[], step: HandshakeStep): readonly string[] {
  return values.map((value) => {
    const text = value.length <= STREAM_MUXER_BYTES_MAX ? toString(value, 'ascii') : ''
    if (!STREAM_MUXER_PATTERN.test(text)) throw new HandshakeError('payload-malformed', step)
    return text
  })
}
