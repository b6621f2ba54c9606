import { canonicalJson } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { type Did, multihashOf } from '@warren/identity'
import {
  adminThresholdMin,
  type CharterAdmin,
  sharesAKey,
  SIGNERS_MAX,
  type VerifiedCharter,
} from '../charter.ts'
import { MembershipError } from '../membership-error.ts'
import { pairName } from '../records/keyring.ts'
import type { AdminChangeRecord } from '../records/mesh-record.ts'

/** Who decides for a mesh from one admin change to the next. */
export interface AdminSet {
  /** The admin change that made it, or the mesh id. */
  readonly head: string
  readonly admins: readonly CharterAdmin[]
  readonly k: number
  readonly kAdmin: number
  readonly witnesses: readonly CharterAdmin[]
  readonly kWitness: number
}

/** The set that the charter names. */
export function charterSet(charter: VerifiedCharter): AdminSet {
  const { meshId: head, admins, k, kAdmin, witnesses, kWitness } = charter
  return { head, admins, k, kAdmin, witnesses, kWitness }
}

/** The commitment to a pair of keys that an admin will use next: `zQm…`. */
export function keysHash(suite: CryptoSuite, keys: readonly [string, string]): string {
  return `z${multihashOf(suite, canonicalJson([...keys]))}`
}

/**
 * The set after a change, once it is clear that the change fits the set and that enough of its admins signed.
 *
 * @throws MembershipError `record-invalid`, `record-unproved`
 */
export function changedSet(
  suite: CryptoSuite,
  before: AdminSet,
  change: AdminChangeRecord,
): AdminSet {
  checkSigners(suite, before, change)
  const admins = changedAdmins(suite, before, change)
  const witnesses = changedWitnesses(before, change)
  const { id: head, k, kAdmin, kWitness } = change
  const fits =
    k <= admins.length &&
    kAdmin <= admins.length &&
    kAdmin >= adminThresholdMin(admins.length) &&
    kWitness <= witnesses.length &&
    kWitness >= Math.min(1, witnesses.length)
  if (!fits) throw invalid('its thresholds do not fit the admins and witnesses that it leaves')
  return { head, admins, k, kAdmin, witnesses, kWitness }
}

function checkSigners(suite: CryptoSuite, before: AdminSet, change: AdminChangeRecord): void {
  const approvers = change.approvers.map((did) => pairOf(before.admins, did))
  if (approvers.length < before.kAdmin) {
    const said = `${approvers.length} of ${before.kAdmin} admins signed it`
    throw new MembershipError(
      'record-unproved',
      `the admin change is not signed as it must be: ${said}`,
    )
  }
  const wanted = [...approvers, ...change.add, ...change.rotate].map((pair) =>
    pairName(suite, pair),
  )
  const same = wanted.toSorted().join(' ') === [...new Set(change.signers)].toSorted().join(' ')
  if (!same) {
    throw new MembershipError(
      'record-unproved',
      'the admin change is not signed by exactly its approvers and the admins with new keys',
    )
  }
}

function changedAdmins(
  suite: CryptoSuite,
  before: AdminSet,
  { add, remove, rotate }: AdminChangeRecord,
): readonly CharterAdmin[] {
  for (const did of remove) pairOf(before.admins, did)
  // Whoever is an admin already gets other keys by a rotation alone, which keeps to what was committed to.
  if (add.some(({ did }) => before.admins.some((admin) => admin.did === did))) {
    throw invalid('it puts in somebody who is an admin already')
  }
  for (const next of rotate) checkRotation(suite, pairOf(before.admins, next.did), next)
  const kept = before.admins
    .filter(({ did }) => !remove.includes(did))
    .map((admin) => rotate.find(({ did }) => did === admin.did) ?? admin)
  const admins = [...kept, ...add]
  if (admins.length === 0 || admins.length > SIGNERS_MAX || sharesAKey(admins)) {
    throw invalid('it leaves no admins, too many, or two that share a DID or a key')
  }
  if (rotate.some(({ did }) => remove.includes(did)))
    throw invalid('it rotates and removes one admin')
  return admins
}

/** Whoever committed to the next keys can rotate to those alone. */
function checkRotation(suite: CryptoSuite, before: CharterAdmin, next: CharterAdmin): void {
  const { nextKeysHash } = before
  const hash = keysHash(suite, [next.ed25519.multikey, next.mlDsa44.multikey])
  if (nextKeysHash !== undefined && nextKeysHash !== hash) {
    throw invalid('it rotates to other keys than the admin had committed to')
  }
}

function changedWitnesses(
  before: AdminSet,
  { addWitnesses, removeWitnesses }: AdminChangeRecord,
): readonly CharterAdmin[] {
  for (const did of removeWitnesses) pairOf(before.witnesses, did)
  const kept = before.witnesses.filter(({ did }) => !removeWitnesses.includes(did))
  const witnesses = [...kept, ...addWitnesses]
  if (witnesses.length > SIGNERS_MAX || sharesAKey(witnesses)) {
    throw invalid('it leaves too many witnesses, or two that share a DID or a key')
  }
  return witnesses
}

function pairOf(pairs: readonly CharterAdmin[], did: Did): CharterAdmin {
  const pair = pairs.find((each) => each.did === did)
  if (pair === undefined) throw invalid('it names somebody who is not in the set that it changes')
  return pair
}

function invalid(why: string): MembershipError {
  return new MembershipError('record-invalid', `the admin change does not fit: ${why}`)
}
