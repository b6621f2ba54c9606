import { meshUrn } from '../membership.ts'
import type { MembershipRecord } from '../records/mesh-record.ts'
import { byGranter } from './by-granter.ts'
import { enrolledBy } from './is-enrolled.ts'
import { isSignedByAdmins } from './is-signed.ts'
import type { RecordSet } from './record-set.ts'

/** The memberships of a DID that are worth a look: those that count, and some of each granter that do not. */
export interface WorthLooking {
  readonly counting: readonly MembershipRecord[]
  readonly others: readonly MembershipRecord[]
}

/**
 * Which memberships of a DID decide how it stands, whatever the order in which they came.
 *
 * However many an enroller made of one DID, no more are judged than have a place under its credentials, and
 * `VOID_OF_ONE_MAX` of those that have none.
 */
export function worthLooking(set: RecordSet, scid: string): WorthLooking {
  const { byMesh, firstByGranter } = byGranter(set, scid)
  const mesh = meshUrn(set.charter.meshId)
  const counting = [...firstByGranter.keys()].flatMap((issuer) =>
    issuer === mesh
      ? byMesh.filter((record) => isSignedByAdmins(set, record))
      : enrolledBy(set, issuer, scid),
  )
  const isCounting = new Set(counting)
  const others = [...firstByGranter.values()].flat().filter((record) => !isCounting.has(record))
  return { counting, others }
}

/** What enrollers granted to a DID that counts. */
export function grantedByEnrollers(set: RecordSet, scid: string): readonly MembershipRecord[] {
  const mesh = meshUrn(set.charter.meshId)
  return [...byGranter(set, scid).firstByGranter.keys()].flatMap((issuer) =>
    issuer === mesh ? [] : enrolledBy(set, issuer, scid),
  )
}
