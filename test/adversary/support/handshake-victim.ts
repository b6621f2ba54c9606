import { x25519 } from '@noble/curves/ed25519.js'
import { nodeSuite } from '@warren/crypto'
import {
  HandshakeError,
  prologue,
  type Role,
  SECURE_HANDSHAKE_PROTOCOL,
  SecureHandshake,
  type SecureHandshakeInit,
  signStaticKey,
} from '@warren/handshake'
import { type ReferenceInit, ReferenceNoise } from '../../vectors/reference-noise.ts'
import {
  encodeFields,
  type ReferenceFields,
  referenceFields,
  type ReferencePayloadInput,
} from '../../vectors/reference-payload.ts'

export const MUXERS = ['/yamux/1.0.0']
export const OUR_PROLOGUE = prologue({ meshId: 'zQmMesh', encrypters: [SECURE_HANDSHAKE_PROTOCOL] })

const identity = { ed25519: nodeSuite.ed25519.signer(), mlDsa44: nodeSuite.mlDsa44.signer() }
const staticKey = nodeSuite.x25519.generate()
const identitySignature = signStaticKey(identity.ed25519, staticKey.publicKey)

/** One honest side. Its long-lived keys are the same in every handshake, as those of a node are. */
export function victim(role: Role, changes: Partial<SecureHandshakeInit> = {}): SecureHandshake {
  return new SecureHandshake({
    suite: nodeSuite,
    role,
    prologue: OUR_PROLOGUE,
    staticKey,
    identity,
    identitySignature,
    streamMuxers: MUXERS,
    ...changes,
  })
}

export interface Attack {
  readonly noise?: Partial<ReferenceInit>
  readonly payload?: Partial<ReferencePayloadInput>
  /** Changes the fields before they are encoded, and so before they are sealed. */
  readonly fields?: (fields: ReferenceFields) => ReferenceFields
  /** Changes the encoded payload before it is sealed. */
  readonly bytes?: (payload: Uint8Array) => Uint8Array
}

const seeds = {
  s: nodeSuite.randomBytes(32),
  ed25519Seed: nodeSuite.randomBytes(32),
  mlDsa44Seed: nodeSuite.randomBytes(32),
}

/**
 * Lets a peer that knows the mesh and holds keys of its own break one rule, and returns what the
 * victim throws; `undefined` when it takes everything.
 *
 * The hostile side is the reference peer: it seals whatever it says correctly.
 */
export function attack(victimRole: Role, how: Attack): HandshakeError | undefined {
  const side = victim(victimRole)
  return refusalOf(() => {
    if (victimRole === 'initiator') {
      const responder = hostile({ ...how.noise, coins: nodeSuite.randomBytes(32) })
      responder.readA(side.write())
      side.read(responder.writeB((h) => payloadOf('R', h, how)))
      side.write()
    } else {
      const initiator = hostile({ ...how.noise, kemSeed: nodeSuite.randomBytes(64) })
      side.read(initiator.writeA())
      initiator.readB(side.write())
      side.read(initiator.writeC((h) => payloadOf('I', h, how)))
    }
    side.result()
  })
}

/** What the work throws, which is nothing or a `HandshakeError`. */
export function refusalOf(work: () => unknown): HandshakeError | undefined {
  try {
    work()
  } catch (error) {
    if (error instanceof HandshakeError) return error
    throw error
  }
  return undefined
}

export function hostile(init: Partial<ReferenceInit>): ReferenceNoise {
  return new ReferenceNoise({
    s: seeds.s,
    e: nodeSuite.randomBytes(32),
    prologue: OUR_PROLOGUE,
    ...init,
  })
}

export function payloadOf(role: 'I' | 'R', h: Uint8Array, how: Attack = {}): Uint8Array {
  const fields = referenceFields({
    ed25519Seed: seeds.ed25519Seed,
    mlDsa44Seed: seeds.mlDsa44Seed,
    staticPublicKey: x25519.getPublicKey(seeds.s),
    role,
    h,
    streamMuxers: MUXERS,
    ...how.payload,
  })
  const payload = encodeFields(how.fields?.(fields) ?? fields)
  return how.bytes?.(payload) ?? payload
}

export function flipped(bytes: Uint8Array, index: number, bit = 0): Uint8Array {
  const copy = bytes.slice()
  const byte = copy.at(index)
  if (byte === undefined) throw new RangeError('there is no such byte to flip')
  copy[index < 0 ? copy.length + index : index] = byte ^ (1 << bit)
  return copy
}
