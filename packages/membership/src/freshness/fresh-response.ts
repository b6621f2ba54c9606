import { canonicalJson } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import type { Did } from '@warren/identity'
import { type AdminSigner, signByAdmins } from '../admin-signer.ts'
import { multibaseText } from '../byte-text.ts'
import { CONTENT_ID_RULE } from '../labels.ts'
import { MembershipError } from '../membership-error.ts'
import { parseRecord } from '../record-reader.ts'
import type { Beacon } from '../records/beacon.ts'
import { readPlain, writePlain } from '../records/envelope.ts'
import { decodeBeacon, verifyWitness, type WitnessContext } from './decode-beacon.ts'

/** A witness's answer to a challenge: this is my newest beacon, and this is my time. Verified. */
export interface FreshResponse {
  /** The nonce of the challenge, as text. */
  readonly nonce: string
  readonly witness: Did
  /** Mesh time of the witness as it answered, to the millisecond. */
  readonly timeMs: number
  readonly beacon: Beacon
}

const CHALLENGE_TYPE = 'WarrenFreshChallenge'
const RESPONSE_TYPE = 'WarrenFreshResponse'
export const NONCE_BYTES = 32
/** Characters of a challenge, and of a response without the beacon that travels beside it. */
export const CHALLENGE_LENGTH_MAX = 512
export const RESPONSE_LENGTH_MAX = 8_192
const TIME_RULE = { min: 0, max: Number.MAX_SAFE_INTEGER } as const

/** Writes a challenge to every witness: 32 bytes that nobody could know before. */
export function encodeChallenge(meshId: string, nonce: Uint8Array): string {
  return canonicalJson({ ...writePlain(CHALLENGE_TYPE, meshId), nonce: nonceText(nonce) })
}

/** A nonce as it stands in a challenge and in its responses. */
export function nonceText(nonce: Uint8Array): string {
  if (nonce.length !== NONCE_BYTES) throw new Error(`a nonce has ${NONCE_BYTES} bytes`)
  return multibaseText(nonce)
}

/**
 * Reads a challenge; gives its nonce.
 *
 * @throws MembershipError `record-too-large`, `record-malformed`, `record-foreign`
 */
export function decodeChallenge(meshId: string, text: string): Uint8Array {
  const record = parseRecord('record', text, CHALLENGE_LENGTH_MAX)
  record.members(['@context', 'type', 'mesh', 'nonce'])
  readPlain(record, CHALLENGE_TYPE, meshId)
  return record.bytes('nonce', NONCE_BYTES)
}

export interface ResponseInit {
  readonly suite: CryptoSuite
  readonly meshId: string
  readonly witness: AdminSigner
  readonly nonce: Uint8Array
  /** The newest beacon of this witness. */
  readonly beacon: Beacon
  readonly timeMs: number
}

/** Signs a response with both keys of the witness. */
export function signResponse(init: ResponseInit): string {
  const { suite, meshId, witness, nonce, beacon, timeMs } = init
  const document = {
    ...writePlain(RESPONSE_TYPE, meshId),
    nonce: nonceText(nonce),
    witness: witness.did,
    beacon: beacon.id,
    timeMs,
  }
  return canonicalJson(signByAdmins({ suite, document, signers: [witness], createdMs: timeMs }))
}

/** A response as it came. */
export interface ResponseTexts {
  readonly text: string
  readonly beaconText: string
  /** The beacon of that very text, where it was verified before: it needs no second look. */
  readonly knownBeacon?: Beacon | undefined
  /** Whether a nonce waits for the answer of that witness: asked before any signature is verified. */
  readonly isAwaited: (nonce: string, witness: Did) => boolean
}

/**
 * Reads a response and the beacon beside it, both signed by the one witness.
 *
 * @throws MembershipError `nonce-unknown`, and as `decodeBeacon`
 */
export function decodeResponse(
  context: WitnessContext,
  { text, beaconText, knownBeacon, isAwaited }: ResponseTexts,
): FreshResponse {
  const record = parseRecord('record', text, RESPONSE_LENGTH_MAX)
  record.members(['@context', 'type', 'mesh', 'nonce', 'witness', 'beacon', 'timeMs', 'proof'])
  readPlain(record, RESPONSE_TYPE, context.meshId)
  const nonce = nonceText(record.bytes('nonce', NONCE_BYTES))
  const witness = record.did('witness')
  const beaconId = record.text('beacon', CONTENT_ID_RULE)
  const timeMs = record.integer('timeMs', TIME_RULE)
  if (!isAwaited(nonce, witness)) {
    throw new MembershipError('nonce-unknown', 'the response answers no challenge that is open')
  }
  verifyWitness(context, record, witness)
  const beacon = knownBeacon ?? decodeBeacon(context, beaconText)
  if (beacon.id !== beaconId) throw record.fault('the beacon beside it is another')
  if (beacon.witness !== witness) throw record.fault('the beacon is of another witness')
  if (timeMs < beacon.timeMs) throw record.fault('it was made before its beacon')
  return { nonce, witness, timeMs, beacon }
}
