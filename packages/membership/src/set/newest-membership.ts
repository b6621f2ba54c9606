import type { MembershipRecord } from '../records/mesh-record.ts'

/** The membership of the highest generation, then the newest: the one that a DID is known by. */
export function newestMembership(
  records: readonly MembershipRecord[],
): MembershipRecord | undefined {
  return records.toSorted(byRank)[0]
}

/** The higher generation first, then the newer one. */
export function byRank(left: MembershipRecord, right: MembershipRecord): number {
  const [a, b] = [left.membership, right.membership]
  return b.gen - a.gen || b.notBeforeMs - a.notBeforeMs || (left.id < right.id ? -1 : 1)
}
