import { type Did, scidOf } from '@warren/identity'
import { meshUrn } from '../membership.ts'
import type { MembershipRecord } from '../records/mesh-record.ts'
import { worthLooking } from './granted-to.ts'
import { isSignedByAdmins } from './is-signed.ts'
import { OncePerSet } from './once-per-set.ts'
import { compareRanks, type Ranked } from './ranks.ts'
import type { RecordSet } from './record-set.ts'
import { seenAtMs } from './witnessed.ts'

/** Memberships in their order, as many as are worth a look, by SCID: everybody's standing asks for this. */
const RANKED = new OncePerSet<readonly MembershipRecord[]>()

/** The membership that a DID is known by, whatever the time: the first of those that count, and of the others where none does. */
export function newestMembership(set: RecordSet, did: Did): MembershipRecord | undefined {
  return rankedMemberships(set, scidOf(did))[0]
}

/**
 * The memberships of a DID that are worth a look, the one to go by first.
 *
 * What does not count comes last: whoever may not grant any more can still sign, with any name, roles and date.
 * Then the higher generation comes first; then what the mesh itself granted, before what an enroller did; then what
 * the enroller granted that was there first; and of what one of them granted the newest.
 */
export function rankedMemberships(set: RecordSet, scid: string): readonly MembershipRecord[] {
  const records = set.tables.memberships.get(scid) ?? []
  if (records.length < 2) return records
  return RANKED.get(set, scid, () => ranking(set, scid))
}

function ranking(set: RecordSet, scid: string): readonly MembershipRecord[] {
  const { counting, others } = worthLooking(set, scid)
  const mesh = meshUrn(set.charter.meshId)
  const places = enrollerPlaces(
    set,
    counting.filter(({ membership }) => membership.issuer !== mesh),
  )
  const inOrder = (some: readonly MembershipRecord[]): readonly MembershipRecord[] =>
    some
      .map((record) => {
        const { gen, issuer, notBeforeMs } = record.membership
        const granter = [issuer === mesh ? 0 : 1, places.get(issuer) ?? 0]
        return { record, ranks: [-gen, ...granter, -notBeforeMs, record.id] }
      })
      .toSorted(compareRanks)
      .map(({ record }) => record)
  return [...inOrder(counting), ...inOrder(others)]
}

interface Placed extends Ranked {
  readonly issuer: string
}

/**
 * In which order enrollers come that granted something to one DID: as enough witnesses saw the first that each granted.
 *
 * Where they saw several at one time, or none, the admins decide it: by which credential they made first. Dates and
 * ids of memberships decide nothing, since an enroller chooses them.
 */
function enrollerPlaces(
  set: RecordSet,
  enrolled: readonly MembershipRecord[],
): ReadonlyMap<string, number> {
  const seenMs = new Map<string, number>()
  for (const { id, membership } of enrolled) {
    const before = seenMs.get(membership.issuer) ?? Number.POSITIVE_INFINITY
    seenMs.set(membership.issuer, Math.min(before, seenAtMs(set, id)))
  }
  const placed = [...seenMs].map(([issuer, atMs]): Placed => ({
    issuer,
    ranks: [atMs, ...credentialRanks(set, issuer)],
  }))
  return new Map(placed.toSorted(compareRanks).map(({ issuer }, at) => [issuer, at]))
}

/** The date and the id of the first credential that the admins gave an enroller. */
function credentialRanks(set: RecordSet, issuer: string): readonly (number | string)[] {
  const [first] = (set.tables.enrollers.get(issuer) ?? [])
    .filter((credential) => isSignedByAdmins(set, credential))
    .map(({ claimedMs, id }) => ({ ranks: [claimedMs, id] }))
    .toSorted(compareRanks)
  return first?.ranks ?? [0, '']
}
