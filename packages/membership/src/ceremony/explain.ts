import { type Did, isDid, scidOf } from '@warren/identity'
import { pairName } from '../records/keyring.ts'
import type {
  AuditForkRecord,
  EnrollerRecord,
  MembershipRecord,
  MeshRecord,
  QuarantineRecord,
  ReadmissionRecord,
  RevocationRecord,
} from '../records/mesh-record.ts'
import type { AdminSet } from '../set/admin-set.ts'
import { revocationThreshold } from '../set/check-signed.ts'
import { rankedMemberships } from '../set/newest-membership.ts'
import type { RecordSet } from '../set/record-set.ts'
import { removalKey } from '../set/removals.ts'
import { revocationsOfKey } from '../set/removals.ts'
import { judgeMembership, type Standing, standingOf } from '../set/standing.ts'
import { list, moment, named, quoted } from './wording.ts'

/** A statement, and what it rests on. */
export interface Reason {
  readonly says: string
  /** The record that says it, where one does. */
  readonly record: string | undefined
  readonly because: readonly Reason[]
}

/**
 * Why a DID stands as it does: from its standing to the memberships, who signed them, under which set of admins, down to
 * the charter; what was taken away; and which witnesses have seen each record.
 */
export function explain(set: RecordSet, did: Did, nowMs: number): Reason {
  const scid = scidOf(did)
  const { tables } = set
  const memberships = rankedMemberships(set, scid)
  return reason(`${named(did, set)} ${standingWords(standingOf(set, did, nowMs))}`, [
    ...memberships.map((record) => ofMembership(set, record, nowMs)),
    ...(tables.readmissions.get(scid) ?? []).map((record) => ofReadmission(set, record)),
    ...revocationsThatHit(set, { did, memberships }).map((record) => ofRevocation(set, record)),
    ...tables.removals.quarantines(scid).map((record) => ofQuarantine(set, record, nowMs)),
    ...ofAuditFork(tables.auditForks.get(scid)),
  ])
}

function reason(says: string, because: readonly Reason[] = [], record?: string): Reason {
  return { says, record, because }
}

function standingWords(standing: Standing): string {
  switch (standing.status) {
    case 'member':
      return `is a member until ${moment(standing.membership.notAfterMs)}`
    case 'quarantined':
      return `is quarantined until ${moment(standing.untilMs)}: ${quoted(standing.reason)}`
    case 'revoked':
      return `is revoked: ${quoted(standing.reason)}`
    case 'unknown':
    default:
      return `is no member: ${WHY[standing.why]}`
  }
}

const WHY = {
  'no-membership': 'nobody has granted it a membership',
  expired: 'its membership has ended',
  'not-yet-valid': 'its membership has not begun',
  'not-granted': 'its membership does not count',
} as const

const VERDICTS = {
  valid: 'it counts',
  expired: 'it has ended',
  'not-yet-valid': 'it has not begun',
  'not-granted': 'it does not count: those who signed it may not, or not any more',
} as const

function ofMembership(set: RecordSet, record: MembershipRecord, nowMs: number): Reason {
  const { gen, enclave, roles, issuer, notAfterMs } = record.membership
  const judgement = judgeMembership(set, record, nowMs)
  const verdict =
    judgement.verdict === 'revoked'
      ? `revoked by ${judgement.revocation.id}`
      : VERDICTS[judgement.verdict]
  const says = `membership of generation ${gen} in ${enclave} with ${list('role', roles)}, until ${moment(notAfterMs)}: ${verdict}`
  return reason(
    says,
    [...(isDid(issuer) ? ofEnrollers(set, issuer) : ofSigners(set, record)), seenBy(set, record)],
    record.id,
  )
}

function ofEnrollers(set: RecordSet, issuer: Did): readonly Reason[] {
  const credentials = set.tables.enrollers.get(issuer) ?? []
  return credentials.map((record) => ofEnroller(set, record))
}

function ofEnroller(set: RecordSet, record: EnrollerRecord): Reason {
  const { enroller, enclave, roles, quota, notAfterMs } = record
  const says = `granted by the enroller ${named(enroller.did, set)}, who may admit ${quota} into ${enclave} with ${list('role', roles)} until ${moment(notAfterMs)}`
  return reason(says, [...ofSigners(set, record), seenBy(set, record)], record.id)
}

function ofReadmission(set: RecordSet, record: ReadmissionRecord): Reason {
  const says = `readmission with generation ${record.gen} after ${record.ref}`
  return reason(says, [...ofSigners(set, record), seenBy(set, record)], record.id)
}

function ofRevocation(set: RecordSet, record: RevocationRecord): Reason {
  const says = `revocation of ${record.targets.map(removalKey).join(', ')}: ${record.class}, ${quoted(record.reason)}`
  const signed =
    record.signers.length === 0
      ? [reason('its signatures are not here; witnesses vouch for it')]
      : ofSigners(set, record, revocationThreshold(record))
  return reason(says, [...signed, seenBy(set, record)], record.id)
}

function ofQuarantine(set: RecordSet, record: QuarantineRecord, nowMs: number): Reason {
  const ended = nowMs >= record.notAfterMs ? 'ended' : 'ends'
  const says = `quarantine by the admin ${named(record.issuer, set)}, ${ended} ${moment(record.notAfterMs)}: ${quoted(record.reason)}`
  return reason(says, [...ofSigners(set, record, () => 1), seenBy(set, record)], record.id)
}

function ofAuditFork(record: AuditForkRecord | undefined): readonly Reason[] {
  if (record === undefined) return []
  const [smaller, larger] = record.sizes
  const says = `its audit log contradicts itself: two checkpoints that it signed, of ${smaller} and ${larger} entries, are not of one log (${record.kind}); this takes nothing away by itself`
  return [reason(says, [reason('it proves itself, with the key log in it')], record.id)]
}

/** The revocations of the DID, of its keys, of its credentials and of who admitted it. */
function revocationsThatHit(
  set: RecordSet,
  { did, memberships }: { readonly did: Did; readonly memberships: readonly MembershipRecord[] },
): readonly RevocationRecord[] {
  const { removals } = set.tables
  const found = [
    ...removals.revocations(`member ${scidOf(did)}`),
    ...memberships.flatMap(({ membership: { keys, uuid, issuer } }) => [
      ...keys.flatMap((key) => revocationsOfKey(set, key)),
      ...removals.revocations(`credential ${uuid}`),
      ...removals.revocations(`enroller ${issuer}`),
      ...(isDid(issuer) ? removals.revocations(`member ${scidOf(issuer)}`) : []),
    ]),
  ]
  return [...new Set(found)]
}

/** The sets of admins of which enough signed a record; the newest first. */
function ofSigners(
  set: RecordSet,
  record: MeshRecord,
  threshold: (admins: AdminSet) => number = ({ k }) => k,
): readonly Reason[] {
  const enough = set.tree.reigns.flatMap(({ set: admins, endedBy }, at) => {
    const signed = admins.admins.filter((admin) =>
      record.signers.includes(pairName(set.suite, admin)),
    )
    if (signed.length < threshold(admins)) return []
    const names = signed.map(({ did }) => named(did, set)).join(', ')
    const until = endedBy === undefined ? 'in force now' : `in force until ${endedBy.id}`
    const says = `signed by ${signed.length} of ${admins.admins.length} admins, ${threshold(admins)} needed: ${names}`
    return [reason(says, [reason(`these admins are ${until}`, ofAdmins(set, at))])]
  })
  if (enough.length > 0) return enough.toReversed()
  return [reason('no set of admins that is or was in force signed it')]
}

/** Where a set of admins comes from: change after change, back to the charter. */
function ofAdmins(set: RecordSet, at: number): readonly Reason[] {
  const { meshId, name } = set.charter
  const change = set.tree.reigns[at - 1]?.endedBy
  if (change === undefined) return [reason(`the charter of the mesh ${quoted(name)}`, [], meshId)]
  const says = `admin change approved by ${change.approvers.map((did) => named(did, set)).join(', ')}`
  return [reason(says, [seenBy(set, change), ...ofAdmins(set, at - 1)], change.id)]
}

function seenBy(set: RecordSet, { id }: MeshRecord): Reason {
  const witnesses = set.logs.witnessesOf(id).map((did) => named(did, set))
  if (witnesses.length === 0) return reason('no witness has logged it, as far as is known here')
  return reason(`logged by ${witnesses.join(', ')}`)
}
