import { type Did, scidOf } from '@warren/identity'
import type { MembershipRecord } from '../records/mesh-record.ts'
import { byGranter } from './by-granter.ts'
import { grantedByEnrollers } from './granted-to.ts'
import { isGranted } from './is-granted.ts'
import type { RecordSet } from './record-set.ts'
import { wasSeenEarlier } from './witnessed.ts'

/**
 * The keys that a DID had up to a generation, as its memberships say: none of them brings it back.
 *
 * Whoever came back with new keys is refused when it shows one of these, whatever its own log says of them.
 */
export function formerKeys(set: RecordSet, did: Did, maxGen: number): ReadonlySet<string> {
  const scid = scidOf(did)
  const believed = [
    ...byGranter(set, scid).byMesh,
    ...grantedByEnrollers(set, scid).filter((record) => saysWhatWas(set, record)),
  ]
  return new Set(
    believed.flatMap(({ membership }) => (membership.gen <= maxGen ? membership.keys : [])),
  )
}

/**
 * Whether a membership of an enroller that counts is believed about the keys that a DID had.
 *
 * It is where nobody had let the DID come back before it was there: or an enroller could bar that way with a
 * membership of the keys that are new. Without witnesses nothing tells, and it is believed.
 */
function saysWhatWas(set: RecordSet, { id, membership }: MembershipRecord): boolean {
  if (set.tree.tip.kWitness === 0) return true
  return (set.tables.readmissions.get(membership.scid) ?? []).every(
    (readmission) => !isGranted(set, readmission) || wasSeenEarlier(set, id, readmission.id),
  )
}
