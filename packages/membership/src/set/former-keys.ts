import { type Did, scidOf } from '@warren/identity'
import { meshUrn } from '../membership.ts'
import type { MembershipRecord, ReadmissionRecord } from '../records/mesh-record.ts'
import { byGranter } from './by-granter.ts'
import { grantedByEnrollers } from './granted-to.ts'
import { onceEnrolledBy } from './is-enrolled.ts'
import { isGranted } from './is-granted.ts'
import type { RecordSet } from './record-set.ts'
import { wasSeenEarlier } from './witnessed.ts'

/**
 * The keys that a DID had up to a generation, as its memberships say: none of them brings it back.
 *
 * Whoever came back with new keys is refused when it shows one of these, whatever its own log says of them.
 */
export function formerKeys(set: RecordSet, did: Did, maxGen: number): ReadonlySet<string> {
  if (maxGen < 1) return new Set()
  const scid = scidOf(did)
  const { byMesh } = byGranter(set, scid)
  return new Set([
    ...byMesh.flatMap(({ membership }) => (membership.gen <= maxGen ? membership.keys : [])),
    ...keysByEnrollers(set, scid),
  ])
}

/**
 * The keys under which enrollers let a DID in. Where what they granted is void since, because they were revoked, these
 * are former keys all the same, but for those with which the admins let the DID come back: no word of somebody revoked
 * bars these. Enrollers grant the first generation alone.
 */
function keysByEnrollers(set: RecordSet, scid: string): readonly string[] {
  const mesh = meshUrn(set.charter.meshId)
  const readmissions = (set.tables.readmissions.get(scid) ?? []).filter((each) =>
    isGranted(set, each),
  )
  const isNew = new Set(readmissions.flatMap(({ keys }) => keys))
  const isCounting = new Set(grantedByEnrollers(set, scid))
  return [...byGranter(set, scid).firstByGranter.keys()]
    .flatMap((issuer) => (issuer === mesh ? [] : onceEnrolledBy(set, issuer, scid)))
    .filter((record) => saysWhatWas(set, record, readmissions))
    .flatMap((record) => {
      const { keys } = record.membership
      return isCounting.has(record) ? keys : keys.filter((key) => !isNew.has(key))
    })
}

/**
 * Whether a membership of an enroller is believed about the keys that a DID had.
 *
 * It is where nobody had let the DID come back before it was there: or an enroller could bar that way with a
 * membership of keys that come later. Without witnesses nothing tells, and it is believed.
 */
function saysWhatWas(
  set: RecordSet,
  { id }: MembershipRecord,
  readmissions: readonly ReadmissionRecord[],
): boolean {
  if (set.tree.tip.kWitness === 0) return true
  return readmissions.every((readmission) => wasSeenEarlier(set, id, readmission.id))
}
