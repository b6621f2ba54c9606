import { type Did, scidOf } from '@warren/identity'
import type { MembershipRecord } from '../records/mesh-record.ts'
import { isGranted } from './is-granted.ts'
import type { RecordSet } from './record-set.ts'

/** The membership that a DID is known by, whatever the time: the first of those that count, and of the others where none does. */
export function newestMembership(set: RecordSet, did: Did): MembershipRecord | undefined {
  return rankedMemberships(set, scidOf(did))[0]
}

/**
 * The memberships of a DID, the one to go by first.
 *
 * What does not count comes last: whoever may not grant any more can still sign, with any name, roles and date.
 * Then the higher generation comes first, and then the newer one.
 */
export function rankedMemberships(set: RecordSet, scid: string): readonly MembershipRecord[] {
  const records = set.tables.memberships.get(scid) ?? []
  if (records.length < 2) return records
  return records
    .map((record) => ({ record, counts: isGranted(set, record) }))
    .toSorted(
      (left, right) =>
        Number(right.counts) - Number(left.counts) || byRank(left.record, right.record),
    )
    .map(({ record }) => record)
}

function byRank(left: MembershipRecord, right: MembershipRecord): number {
  const [a, b] = [left.membership, right.membership]
  return b.gen - a.gen || b.notBeforeMs - a.notBeforeMs || (left.id < right.id ? -1 : 1)
}
