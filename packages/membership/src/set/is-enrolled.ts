import type { EnrollerRecord, MembershipRecord, RevocationRecord } from '../records/mesh-record.ts'
import { isSignedByAdmins } from './is-signed.ts'
import type { RecordSet } from './record-set.ts'
import { revocationsOfKey } from './removals.ts'
import { withinQuota } from './within-quota.ts'
import { seenAtMs, wasEverSeen, witnessedMs } from './witnessed.ts'

/** What a credential is worth, whatever was granted by it. */
interface Office {
  readonly isSigned: boolean
  readonly revocations: readonly RevocationRecord[]
  /** Whether its time is over by the word of witnesses. */
  readonly isOver: boolean
}

/** By credential. Sets never change, and everybody's standing asks for this. */
const OFFICES = new WeakMap<RecordSet, Map<string, Office>>()

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

function countingBy(
  set: RecordSet,
  credential: EnrollerRecord,
  scid: string,
): readonly MembershipRecord[] {
  const { isSigned, isOver, revocations } = officeOf(set, credential)
  // Of whoever was revoked for all that it did nothing has to be looked at, however much it is.
  if (!isSigned || revocations.some(({ since }) => since.length === 0)) return []
  const within = withinQuota(set, credential).get(scid) ?? []
  return within.filter(
    ({ id }) =>
      (!isOver || seenAtMs(set, id) <= credential.notAfterMs) &&
      revocations.every(({ since }) => wasEverSeen(set, { id, since })),
  )
}

/** Whether an enroller may admit anybody more by a credential: it counts, and neither it nor its enroller, nor one of its keys, was taken away. */
export function isInOffice(set: RecordSet, credential: EnrollerRecord): boolean {
  const { isSigned, revocations } = officeOf(set, credential)
  return isSigned && revocations.length === 0
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

function officeOf(set: RecordSet, credential: EnrollerRecord): Office {
  const cache = OFFICES.get(set) ?? new Map<string, Office>()
  OFFICES.set(set, cache)
  const office = cache.get(credential.id) ?? judgeOffice(set, credential)
  cache.set(credential.id, office)
  return office
}

function judgeOffice(set: RecordSet, credential: EnrollerRecord): Office {
  const { uuid, notAfterMs } = credential
  return {
    isSigned:
      set.tables.removals.revocations(`credential ${uuid}`).length === 0 &&
      isSignedByAdmins(set, credential),
    revocations: revocationsOfEnroller(set, credential),
    // Its own date is a claim; where there are witnesses, they must have seen it before the enroller's time was over.
    isOver: set.tree.tip.kWitness > 0 && witnessedMs(set) >= notAfterMs,
  }
}
