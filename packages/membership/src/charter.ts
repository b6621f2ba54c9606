import type { CryptoSuite } from '@warren/crypto'
import { contentId, type Did, scidOf } from '@warren/identity'
import { type AdminKeys, readAdminKeys } from './admin-keys.ts'
import { CONTENT_ID_RULE } from './labels.ts'
import { verifyAdminProofs } from './admin-proofs.ts'
import { parseRecord, type RecordReader } from './record-reader.ts'

/** The founding record of a mesh, verified. */
export interface VerifiedCharter {
  /** Content id of the charter: the name of the mesh in every record and handshake. */
  readonly meshId: string
  /** The canonical text, as it travels. */
  readonly text: string
  /** What people call the mesh. */
  readonly name: string
  readonly createdMs: number
  readonly admins: readonly CharterAdmin[]
  /** How many admins it takes to sign a membership. */
  readonly k: number
  /** How many admins it takes to change the admins; at least two thirds of them, rounded up. */
  readonly kAdmin: number
  /** Who signs proofs of freshness, and how many of them it takes. */
  readonly witnesses: readonly CharterAdmin[]
  readonly kWitness: number
  readonly freshness: FreshnessLimits
}

export interface CharterAdmin extends AdminKeys {
  readonly did: Did
  readonly scid: string
  /** Commitment to the keys that come next, where the admin made one. */
  readonly nextKeysHash: string | undefined
}

/** How old a node's knowledge may be. All in milliseconds. */
export interface FreshnessLimits {
  readonly beaconMs: number
  readonly warnMs: number
  readonly denyMs: number
  readonly stopMs: number
  /** How far two honest wall clocks may differ. */
  readonly skewMs: number
}

export const CHARTER_LENGTH_MAX = 131_072
export const CHARTER_CONTEXT = 'https://warren.internal/ns/membership/v1'
export const CHARTER_TYPE = 'WarrenCharter'
/** Admins, and witnesses, of one mesh. */
export const SIGNERS_MAX = 16
const SECONDS_RULE = { min: 1, max: 31_536_000 } as const
/**
 * A witness that begins may be as far behind the others as an answer was on its way, 10 s; as much again is left for what
 * their clocks drift apart. With less, the word of one could be from the future to the other for ever.
 */
const SKEW_RULE = { min: 20, max: 3600 } as const

const MEMBERS = [
  '@context',
  'type',
  'v',
  'name',
  'created',
  'admins',
  'k',
  'kAdmin',
  'witnesses',
  'kw',
  'beaconSeconds',
  'warnSeconds',
  'denySeconds',
  'stopSeconds',
  'skewSeconds',
  'caps',
  'proof',
] as const

/**
 * Reads a charter and verifies that every admin in it signed it with both keys.
 *
 * That makes the charter consistent, not right: the caller compares `meshId` with the id it
 * already has, from an invitation or from its own data directory.
 *
 * @throws MembershipError `charter-too-large`, `charter-malformed`, `charter-unproved`
 */
export function parseCharter(suite: CryptoSuite, text: string): VerifiedCharter {
  const record = parseRecord('charter', text, CHARTER_LENGTH_MAX)
  const fields = readCharter(record)
  verifyAdminProofs({
    suite,
    kind: 'charter',
    document: record.object,
    admins: fields.admins,
    threshold: fields.admins.length,
  })
  return { ...fields, text, meshId: contentId(suite, record.object) }
}

/** Reads what a charter says, whoever signed it. */
export function readCharter(record: RecordReader): Omit<VerifiedCharter, 'text' | 'meshId'> {
  record.members(MEMBERS)
  record.constants('@context', [CHARTER_CONTEXT])
  record.constant('type', CHARTER_TYPE)
  record.constant('v', 1)
  record.child('caps').members([])
  const name = record.printableName('name')
  const admins = record.children('admins', SIGNERS_MAX).map(readSigner)
  const witnesses = record.children('witnesses', SIGNERS_MAX).map(readSigner)
  for (const group of [admins, witnesses]) {
    if (sharesAKey(group)) throw record.fault('two signers share a DID or a key')
  }
  if (admins.length === 0) throw record.fault('there is no admin')
  return {
    name,
    createdMs: record.timeMs('created'),
    admins,
    k: record.integer('k', { min: 1, max: admins.length }),
    kAdmin: record.integer('kAdmin', { min: adminThresholdMin(admins.length), max: admins.length }),
    witnesses,
    kWitness: record.integer('kw', {
      min: witnesses.length === 0 ? 0 : 1,
      max: witnesses.length,
    }),
    freshness: readFreshness(record),
  }
}

/** Two thirds of the admins, rounded up. */
export function adminThresholdMin(admins: number): number {
  return Math.ceil((2 * admins) / 3)
}

/** Reads an admin or witness: DID, two keys, and the commitment to the next ones. */
export function readSigner(record: RecordReader): CharterAdmin {
  record.members(['id', 'keys'], ['nextKeysHash'])
  const did = record.did('id')
  const nextKeysHash = record.has('nextKeysHash')
    ? record.text('nextKeysHash', CONTENT_ID_RULE)
    : undefined
  return { did, scid: scidOf(did), nextKeysHash, ...readAdminKeys(record) }
}

/** One key under two names would let one signer count as two. */
export function sharesAKey(signers: readonly CharterAdmin[]): boolean {
  const names = signers.flatMap(({ scid, ed25519, mlDsa44 }) => [
    scid,
    ed25519.multikey,
    mlDsa44.multikey,
  ])
  return new Set(names).size < names.length
}

function readFreshness(record: RecordReader): FreshnessLimits {
  const [beaconMs = 0, warnMs = 0, denyMs = 0, stopMs = 0] = (
    ['beaconSeconds', 'warnSeconds', 'denySeconds', 'stopSeconds'] as const
  ).map((key) => record.integer(key, SECONDS_RULE) * 1000)
  if (!(beaconMs <= warnMs && warnMs <= denyMs && denyMs <= stopMs)) {
    throw record.fault('beacon, warn, deny and stop must follow each other in time')
  }
  return {
    beaconMs,
    warnMs,
    denyMs,
    stopMs,
    skewMs: record.integer('skewSeconds', SKEW_RULE) * 1000,
  }
}
