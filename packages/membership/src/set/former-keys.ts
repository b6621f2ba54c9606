import { type Did, scidOf } from '@warren/identity'
import { meshUrn } from '../membership.ts'
import type { MembershipRecord } from '../records/mesh-record.ts'
import { isGranted } from './is-granted.ts'
import type { RecordSet } from './record-set.ts'
import { wasSeenEarlier } from './witnessed.ts'

/**
 * The keys that a DID had up to a generation, as its memberships say: none of them brings it back.
 *
 * Whoever came back with new keys is refused when it shows one of these, whatever its own log says of them.
 */
export function formerKeys(set: RecordSet, did: Did, maxGen: number): ReadonlySet<string> {
  const earlier = (set.tables.memberships.get(scidOf(did)) ?? []).filter(
    (record) => record.membership.gen <= maxGen && saysWhatWas(set, record),
  )
  return new Set(earlier.flatMap(({ membership }) => membership.keys))
}

/**
 * Whether a membership is believed about the keys that a DID had.
 *
 * An enroller's is where it counts, and nobody had let the DID come back before it was there: or an enroller could bar
 * that way with a membership of the keys that are new. Without witnesses nothing tells, and it is believed.
 */
function saysWhatWas(set: RecordSet, record: MembershipRecord): boolean {
  const { issuer, scid } = record.membership
  if (issuer === meshUrn(set.charter.meshId)) return true
  if (!isGranted(set, record)) return false
  if (set.tree.tip.kWitness === 0) return true
  return (set.tables.readmissions.get(scid) ?? []).every(
    (readmission) => !isGranted(set, readmission) || wasSeenEarlier(set, record.id, readmission.id),
  )
}
