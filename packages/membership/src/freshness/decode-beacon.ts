import { canonicalJson, parseCanonicalJson, type JsonObject, isJsonObject } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { contentId, type Did } from '@warren/identity'
import { MembershipError } from '../membership-error.ts'
import { parseRecord, type RecordReader } from '../record-reader.ts'
import { type Beacon, readBeacon } from '../records/beacon.ts'
import { type Keyring, keyringOf } from '../records/keyring.ts'
import { verifySigners } from '../records/verify-signers.ts'
import { writeForkProof } from '../records/write-records.ts'
import type { RecordSet } from '../set/record-set.ts'

/** Characters of one beacon: what it says, and the two proofs of one witness. */
export const BEACON_LENGTH_MAX = 8_192
const PARSE_LIMITS = { lengthMax: BEACON_LENGTH_MAX, depthMax: 16, keysMax: 64 } as const

/** What it takes to know whether a witness of now said something. */
export interface WitnessContext {
  readonly suite: CryptoSuite
  readonly meshId: string
  /** The key pairs of the witnesses in force, and of nobody else. */
  readonly witnesses: Keyring
}

/** The witnesses that a set has in force. A pair of keys that was taken out, or changed, says nothing any more. */
export function witnessContext({ suite, charter, tree }: RecordSet): WitnessContext {
  return { suite, meshId: charter.meshId, witnesses: keyringOf(suite, tree.tip.witnesses) }
}

/**
 * Reads a beacon and verifies that its witness, and nobody else, signed it: length, canonical form, exact members, mesh, then cryptography.
 *
 * @throws MembershipError `record-too-large`, `record-malformed`, `record-foreign`, `signer-unknown`, `record-unproved`
 */
export function decodeBeacon(context: WitnessContext, text: string): Beacon {
  const record = parseRecord('record', text, BEACON_LENGTH_MAX)
  const beacon = claimed(context, record, text)
  verifyWitness(context, record, beacon.witness)
  return beacon
}

/**
 * Reads what a beacon says that nobody has verified: whether it is worth its signatures.
 *
 * @throws MembershipError `record-too-large`, `record-malformed`, `record-foreign`
 */
export function readClaimedBeacon(context: WitnessContext, text: string): Beacon {
  return claimed(context, parseRecord('record', text, BEACON_LENGTH_MAX), text)
}

function claimed({ suite, meshId }: WitnessContext, record: RecordReader, text: string): Beacon {
  return { ...readBeacon(record, meshId), id: contentId(suite, record.object), text }
}

/** Requires both proofs of one witness, and no other proof. */
export function verifyWitness(
  { suite, witnesses }: WitnessContext,
  record: RecordReader,
  witness: Did,
): void {
  if (!record.has('proof')) {
    throw new MembershipError('record-unproved', 'the record is not signed')
  }
  const { object: document } = record
  const [signer, ...others] = verifySigners({ suite, document, keyring: witnesses })
  if (signer?.did !== witness || others.length > 0) {
    throw record.fault('it is not signed by its witness alone')
  }
}

/** The proof that a witness has signed two different beacons under one number: the same text whichever came first. */
export function forkProofOf(meshId: string, beacons: readonly [Beacon, Beacon]): string {
  const [one, other] = beacons
  const heads: readonly [Beacon, Beacon] = one.id < other.id ? [one, other] : [other, one]
  return canonicalJson(writeForkProof(meshId, [documentOf(heads[0]), documentOf(heads[1])]))
}

function documentOf({ text }: Beacon): JsonObject {
  const document = parseCanonicalJson(text, PARSE_LIMITS)
  if (!isJsonObject(document)) throw new Error('a decoded beacon is an object')
  return document
}
