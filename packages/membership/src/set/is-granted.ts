import type { Did } from '@warren/identity'
import { meshUrn } from '../membership.ts'
import { pairName } from '../records/keyring.ts'
import type {
  EnrollerRecord,
  IslandRecord,
  LogPosition,
  MembershipRecord,
  ReadmissionRecord,
} from '../records/mesh-record.ts'
import type { AdminSet } from './admin-set.ts'
import type { RecordSet } from './record-set.ts'

export type GrantRecord = MembershipRecord | EnrollerRecord | ReadmissionRecord | IslandRecord

/**
 * Whether a grant counts now: the set in force signed it, or witnesses saw it while the set that signed it was in force.
 *
 * So nobody who has lost a key, or an office, can still give anything with a date of earlier times. The
 * signature of a revoked admin counts where witnesses saw it before; that of a frozen one does not count.
 */
export function isGranted(set: RecordSet, record: GrantRecord): boolean {
  if (record.type === 'membership' && record.membership.issuer !== meshUrn(set.charter.meshId)) {
    return isEnrolled(set, record)
  }
  return isSignedByAdmins(set, record)
}

function isSignedByAdmins(set: RecordSet, record: GrantRecord): boolean {
  const frozen = frozenAdmins(set)
  return set.tree.reigns.some(({ set: admins, endedBy }) => {
    const signed = countSigners(set, { admins, record, frozen }) >= admins.k
    return signed && (endedBy === undefined || wasSeen(set, record.id, endedBy.since))
  })
}

function countSigners(
  set: RecordSet,
  { admins, record, frozen }: { admins: AdminSet; record: GrantRecord; frozen: ReadonlySet<Did> },
): number {
  return admins.admins.filter((admin) => {
    if (!record.signers.includes(pairName(set.suite, admin)) || frozen.has(admin.did)) return false
    const revocations = set.tables.removals.revocations(`admin ${admin.did}`)
    return revocations.every(({ since }) => wasSeen(set, record.id, since))
  }).length
}

/** Whether enough witnesses had written an id down before these positions of their logs. */
function wasSeen(set: RecordSet, id: string, since: readonly LogPosition[]): boolean {
  return areEnough(set, set.logs.witnessesBefore(id, since))
}

/** Enough different witnesses of now, none of which has contradicted itself. Where there are none, nothing is witnessed. */
export function areEnough(set: RecordSet, witnesses: readonly Did[]): boolean {
  const { kWitness, witnesses: listed } = set.tree.tip
  const sound = listed.filter(({ did }) => witnesses.includes(did) && !isForked(set, did))
  return kWitness > 0 && sound.length >= kWitness
}

/** Whether a witness has been shown to say two things under one number. */
export function isForked(set: RecordSet, witness: Did): boolean {
  return set.tables.forks.some((fork) => fork.witness === witness)
}

/** Admins whom two changes of one set concern: they decide nothing until witnesses have settled on one of the two. */
export function frozenAdmins(set: RecordSet): ReadonlySet<Did> {
  const open = set.tree.conflicts().filter(({ winner }) => {
    const settled = set.logs.witnessesWith((head) => set.tree.isAfter(head, winner))
    return !areEnough(set, settled)
  })
  const frozen = new Set<Did>()
  for (const conflict of open) for (const did of conflict.frozen) frozen.add(did)
  return frozen
}

function isEnrolled(set: RecordSet, record: MembershipRecord): boolean {
  const { issuer } = record.membership
  const credentials = set.tables.enrollers.get(issuer) ?? []
  return credentials.some(
    (enroller) =>
      covers(enroller, record) &&
      isSignedByAdmins(set, enroller) &&
      isInTime(set, enroller, record) &&
      isStanding(set, enroller, record) &&
      isWithinQuota(set, enroller, record),
  )
}

function covers(enroller: EnrollerRecord, { membership }: MembershipRecord): boolean {
  return (
    enroller.enclave === membership.enclave &&
    membership.roles.every((role) => enroller.roles.includes(role)) &&
    membership.notBeforeMs >= enroller.claimedMs &&
    membership.notBeforeMs < enroller.notAfterMs
  )
}

/** Its own date is a claim; where there are witnesses, they must have seen it before the enroller's time was over. */
function isInTime(set: RecordSet, enroller: EnrollerRecord, record: MembershipRecord): boolean {
  const { kWitness } = set.tree.tip
  if (kWitness === 0) return true
  const nowAtLeastMs = Math.max(0, ...set.logs.times())
  if (nowAtLeastMs < enroller.notAfterMs) return true
  return areEnough(set, set.logs.witnessesBy(record.id, enroller.notAfterMs))
}

function isStanding(set: RecordSet, enroller: EnrollerRecord, record: MembershipRecord): boolean {
  const { removals } = set.tables
  if (removals.revocations(`credential ${enroller.uuid}`).length > 0) return false
  const revocations = removals.revocations(`enroller ${enroller.enroller.did}`)
  return revocations.every(({ since }) => wasSeen(set, record.id, since))
}

/** Those that witnesses saw come first, then by date and id: nothing that is made later can push out what stands in the logs. */
function isWithinQuota(
  set: RecordSet,
  enroller: EnrollerRecord,
  record: MembershipRecord,
): boolean {
  const all = (set.tables.grantedBy.get(enroller.enroller.did) ?? []).filter((each) =>
    covers(enroller, each),
  )
  if (all.length <= enroller.quota) return true
  const rank = ({ id, membership }: MembershipRecord): string => {
    const seen = areEnough(set, set.logs.witnessesOf(id)) ? '0' : '1'
    return `${seen} ${String(membership.notBeforeMs).padStart(16, '0')} ${id}`
  }
  const own = rank(record)
  return all.filter((each) => rank(each) < own).length < enroller.quota
}
