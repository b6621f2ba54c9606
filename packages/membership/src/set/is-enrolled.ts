import { pairName } from '../records/keyring.ts'
import type { EnrollerRecord, MembershipRecord, RevocationRecord } from '../records/mesh-record.ts'
import { isSignedByAdmins } from './is-signed.ts'
import { compareRanks } from './ranks.ts'
import type { RecordSet } from './record-set.ts'
import { revocationsOfKey } from './removals.ts'
import { seenAtMs, wasEverSeen, witnessedMs } from './witnessed.ts'

/** Ids within the quota of an enroller credential. Sets never change, and everybody's standing asks for this. */
const WITHIN = new WeakMap<RecordSet, Map<string, ReadonlySet<string>>>()

/** Whether an enroller's membership counts now: under one of its credentials, in its time, within its quota, and not taken away. */
export function isEnrolled(set: RecordSet, record: MembershipRecord): boolean {
  const credentials = set.tables.enrollers.get(record.membership.issuer) ?? []
  return credentials.some(
    (enroller) =>
      covers(set, enroller, record) &&
      isSignedByAdmins(set, enroller) &&
      isInTime(set, enroller, record) &&
      isStanding(set, enroller, record) &&
      withinQuota(set, enroller).has(record.id),
  )
}

/** Whether a membership lies within what a credential allows, and the keys of that very credential signed it. */
export function covers(
  { suite }: RecordSet,
  { enroller, enclave, roles, claimedMs, notAfterMs }: EnrollerRecord,
  { membership, signers }: MembershipRecord,
): boolean {
  return (
    membership.gen === 1 &&
    signers.includes(pairName(suite, enroller)) &&
    enclave === membership.enclave &&
    membership.roles.every((role) => roles.includes(role)) &&
    membership.notBeforeMs >= claimedMs &&
    membership.notBeforeMs < notAfterMs
  )
}

/** Whether an enroller may admit anybody more by a credential: it counts, and neither it nor its enroller, nor one of its keys, was taken away. */
export function isInOffice(set: RecordSet, enroller: EnrollerRecord): boolean {
  if (set.tables.removals.revocations(`credential ${enroller.uuid}`).length > 0) return false
  return isSignedByAdmins(set, enroller) && revocationsOfEnroller(set, enroller).length === 0
}

/** What takes away an enroller: a revocation of it, or of one of its keys. */
export function revocationsOfEnroller(
  set: RecordSet,
  { enroller }: EnrollerRecord,
): readonly RevocationRecord[] {
  const { did, ed25519, mlDsa44 } = enroller
  return [
    ...set.tables.removals.revocations(`enroller ${did}`),
    ...revocationsOfKey(set, ed25519.multikey),
    ...revocationsOfKey(set, mlDsa44.multikey),
  ]
}

/** Its own date is a claim; where there are witnesses, they must have seen it before the enroller's time was over. */
function isInTime(set: RecordSet, enroller: EnrollerRecord, record: MembershipRecord): boolean {
  if (set.tree.tip.kWitness === 0 || witnessedMs(set) < enroller.notAfterMs) return true
  return seenAtMs(set, record.id) <= enroller.notAfterMs
}

function isStanding(set: RecordSet, enroller: EnrollerRecord, record: MembershipRecord): boolean {
  if (set.tables.removals.revocations(`credential ${enroller.uuid}`).length > 0) return false
  return revocationsOfEnroller(set, enroller).every(({ since }) =>
    wasEverSeen(set, { id: record.id, since }),
  )
}

/** Those that witnesses saw come first, the earliest seen before the others: nothing that is made later can push out what stands in the logs. */
function withinQuota(set: RecordSet, enroller: EnrollerRecord): ReadonlySet<string> {
  const cache = WITHIN.get(set) ?? new Map<string, ReadonlySet<string>>()
  WITHIN.set(set, cache)
  const known = cache.get(enroller.id)
  if (known !== undefined) return known
  const within = (set.tables.enrolled.get(enroller.enroller.did) ?? [])
    .filter((each) => covers(set, enroller, each))
    .map(({ id, membership }) => ({ id, ranks: [seenAtMs(set, id), membership.notBeforeMs, id] }))
    .toSorted(compareRanks)
    .slice(0, enroller.quota)
  const ids = new Set(within.map(({ id }) => id))
  cache.set(enroller.id, ids)
  return ids
}
