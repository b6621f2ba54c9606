import { scidOf } from '@warren/identity'
import type { CharterAdmin } from '../charter.ts'
import type { EnrollerRecord, MembershipRecord, RevocationRecord } from '../records/mesh-record.ts'
import { byGranter } from './by-granter.ts'
import { isSignedByAdmins } from './is-signed.ts'
import { OncePerSet } from './once-per-set.ts'
import type { RecordSet } from './record-set.ts'
import { revocationsOfKey } from './removals.ts'
import { withinQuota } from './within-quota.ts'
import { seenAtMs, wasEverSeen, witnessedMs } from './witnessed.ts'

/** What a credential is worth, whatever was granted by it. */
interface Office {
  /** Whether admins signed it whose word counts, and it was not taken away alone. */
  readonly isGranted: boolean
  readonly revocations: readonly RevocationRecord[]
  /** Whether its time is over by the word of witnesses. */
  readonly isOver: boolean
}

/** By credential: everybody's standing asks for this. */
const OFFICES = new OncePerSet<Office>()

/** Whether an enroller's membership counts now: under one of its credentials, in its time, within its quota, and not taken away. */
export function isEnrolled(set: RecordSet, { id, membership }: MembershipRecord): boolean {
  const { issuer, scid } = membership
  return enrolledBy(set, issuer, scid).some((record) => record.id === id)
}

/** The memberships of a DID by an enroller that count now: of each credential no more than there is room for one DID, however many there are. */
export function enrolledBy(
  set: RecordSet,
  issuer: string,
  scid: string,
): readonly MembershipRecord[] {
  const counting = (set.tables.enrollers.get(issuer) ?? []).flatMap((credential) =>
    countingBy(set, credential, scid),
  )
  return [...new Set(counting)]
}

/** What an enroller granted to a DID in its time and within its quota, whatever has become of its office since. */
export function onceEnrolledBy(
  set: RecordSet,
  issuer: string,
  scid: string,
): readonly MembershipRecord[] {
  return (set.tables.enrollers.get(issuer) ?? []).flatMap((credential) =>
    inTime(set, credential, withinQuota(set, credential).get(scid) ?? []),
  )
}

/** Whether nothing that was ever granted by a credential counts: then none of it has to be looked at, however much it is. */
export function grantsNothing(set: RecordSet, credential: EnrollerRecord): boolean {
  const { isGranted, revocations } = officeOf(set, credential)
  return !isGranted || revocations.some(({ since }) => since.length === 0)
}

function countingBy(
  set: RecordSet,
  credential: EnrollerRecord,
  scid: string,
): readonly MembershipRecord[] {
  if (grantsNothing(set, credential)) return []
  const { revocations } = officeOf(set, credential)
  const within = withinQuota(set, credential).get(scid) ?? []
  return inTime(set, credential, within).filter(({ id }) =>
    revocations.every(({ since }) => wasEverSeen(set, { id, since })),
  )
}

function inTime(
  set: RecordSet,
  credential: EnrollerRecord,
  records: readonly MembershipRecord[],
): readonly MembershipRecord[] {
  if (!officeOf(set, credential).isOver) return records
  return records.filter(({ id }) => seenAtMs(set, id) <= credential.notAfterMs)
}

/** Whether an enroller may admit anybody more by a credential: it counts, and neither it nor its enroller, nor one of its keys, was taken away. */
export function isInOffice(set: RecordSet, credential: EnrollerRecord): boolean {
  const { isGranted, revocations } = officeOf(set, credential)
  return isGranted && revocations.length === 0
}

/** What takes away an enroller: a revocation of it, as an enroller or as a member, or of one of its keys. */
export function revocationsOfEnroller(
  set: RecordSet,
  { enroller }: EnrollerRecord,
): readonly RevocationRecord[] {
  const { did, scid, ed25519, mlDsa44 } = enroller
  return [
    ...set.tables.removals.revocations(`enroller ${did}`),
    ...set.tables.removals
      .revocations(`member ${scid}`)
      .filter((revocation) => !hasReturned(set, enroller, revocation)),
    ...revocationsOfKey(set, ed25519.multikey),
    ...revocationsOfKey(set, mlDsa44.multikey),
  ]
}

/**
 * Whether the admins let a DID come back, after they had revoked it as a member, with a key of this pair, and none of
 * them is one that the mesh had let in before.
 *
 * A readmission names the keys that are shown on a channel: of the pair that signs these are the ML-DSA one alone.
 */
function hasReturned(
  set: RecordSet,
  { scid, ed25519, mlDsa44 }: CharterAdmin,
  { targets }: RevocationRecord,
): boolean {
  const keys = [ed25519.multikey, mlDsa44.multikey]
  const gens = targets.flatMap((target) =>
    'did' in target && scidOf(target.did) === scid ? [target.maxGen] : [],
  )
  const maxGen = Math.max(...gens)
  const hadOne = byGranter(set, scid).byMesh.some(
    ({ membership }) =>
      membership.gen <= maxGen && keys.some((key) => membership.keys.includes(key)),
  )
  if (hadOne) return false
  return (set.tables.readmissions.get(scid) ?? []).some(
    (readmission) =>
      readmission.gen > maxGen &&
      readmission.keys.includes(mlDsa44.multikey) &&
      set.get(readmission.ref)?.type === 'revocation' &&
      isSignedByAdmins(set, readmission),
  )
}

function officeOf(set: RecordSet, credential: EnrollerRecord): Office {
  return OFFICES.get(set, credential.id, () => judgeOffice(set, credential))
}

function judgeOffice(set: RecordSet, credential: EnrollerRecord): Office {
  const { uuid, notAfterMs } = credential
  return {
    isGranted:
      set.tables.removals.revocations(`credential ${uuid}`).length === 0 &&
      isSignedByAdmins(set, credential),
    revocations: revocationsOfEnroller(set, credential),
    // Its own date is a claim; where there are witnesses, they must have seen it before the enroller's time was over.
    isOver: set.tree.tip.kWitness > 0 && witnessedMs(set) >= notAfterMs,
  }
}
