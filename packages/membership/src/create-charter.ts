import { canonicalJson, type JsonObject } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { formatTimestamp } from '@warren/identity'
import { type AdminSigner, publicPair, signByAdmins } from './admin-signer.ts'
import {
  adminThresholdMin,
  CHARTER_CONTEXT,
  CHARTER_TYPE,
  type CharterAdmin,
  parseCharter,
  type VerifiedCharter,
} from './charter.ts'
import { writeSigner } from './records/write-records.ts'

/** What a new charter says. */
export interface CharterWish {
  /** What people call the mesh: one printable line, at most 64 characters. */
  readonly name: string
  /** Every admin; all of them sign. At most 16. */
  readonly admins: readonly CharterAdmin[]
  /** How many admins it takes to sign a membership. */
  readonly k: number
  /** How many it takes to change the admins; two thirds, rounded up, when absent. */
  readonly kAdmin?: number
  /** Who signs proofs of freshness; nobody when absent, and then nothing is known to be fresh. At most 16. */
  readonly witnesses?: readonly CharterAdmin[]
  /** How many of them it takes; more than half when absent. */
  readonly kWitness?: number
  readonly nowMs: number
  /** Defaults: 60, 120, 300, 1800 and 60 seconds. */
  readonly freshness?: Partial<FreshnessSeconds>
}

export interface CharterInit extends Omit<CharterWish, 'admins'> {
  readonly suite: CryptoSuite
  readonly admins: readonly AdminSigner[]
}

export interface FreshnessSeconds {
  readonly beaconSeconds: number
  readonly warnSeconds: number
  readonly denySeconds: number
  readonly stopSeconds: number
  readonly skewSeconds: number
}

const FRESHNESS: FreshnessSeconds = {
  beaconSeconds: 60,
  warnSeconds: 120,
  denySeconds: 300,
  stopSeconds: 1800,
  skewSeconds: 60,
}

/**
 * Founds a mesh: writes its charter and has every admin sign it.
 *
 * @throws MembershipError `charter-malformed` when a threshold or a name breaks a rule
 */
export function createCharter(init: CharterInit): VerifiedCharter {
  const { suite, admins, nowMs } = init
  const document = signByAdmins({
    suite,
    document: writeCharter({ ...init, admins: admins.map(publicPair) }),
    signers: admins,
    createdMs: nowMs,
  })
  return parseCharter(suite, canonicalJson(document))
}

/** A charter, unsigned. */
export function writeCharter(wish: CharterWish): JsonObject {
  const { name, admins, k, kAdmin, witnesses = [], kWitness, nowMs, freshness } = wish
  return {
    '@context': [CHARTER_CONTEXT],
    type: CHARTER_TYPE,
    v: 1,
    name,
    created: formatTimestamp(nowMs),
    admins: admins.map(writeSigner),
    k,
    kAdmin: kAdmin ?? adminThresholdMin(admins.length),
    witnesses: witnesses.map(writeSigner),
    kw: kWitness ?? witnessThreshold(witnesses.length),
    ...FRESHNESS,
    ...freshness,
    caps: {},
  }
}

/** More than half of the witnesses. */
export function witnessThreshold(witnesses: number): number {
  return witnesses === 0 ? 0 : Math.floor(witnesses / 2) + 1
}
