import { meshUrn } from '../membership.ts'
import type { MembershipRecord } from '../records/mesh-record.ts'
import { insertFirst } from './first-few.ts'
import { enrolledBy } from './is-enrolled.ts'
import { isSignedByAdmins } from './is-signed.ts'
import type { Ranked } from './ranks.ts'
import type { RecordSet } from './record-set.ts'

/** Memberships of one DID by one granter that are looked at although they do not count: enough to say why. */
export const VOID_OF_ONE_MAX = 16

/** The memberships of one DID, by who granted them. */
interface Granted {
  readonly byMesh: readonly MembershipRecord[]
  /** The first of each granter: of the highest generation, then with the latest date, then with the lowest id. */
  readonly firstByGranter: ReadonlyMap<string, readonly MembershipRecord[]>
}

/** By the list in a set, which never changes once it stands in one. */
const GRANTED = new WeakMap<readonly MembershipRecord[], Granted>()

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
  const { byMesh, firstByGranter } = grantedTo(set, scid)
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

/** All that the mesh itself ever granted to a DID, whether it counts or not. */
export function grantedByMesh(set: RecordSet, scid: string): readonly MembershipRecord[] {
  return grantedTo(set, scid).byMesh
}

/** What enrollers granted to a DID that counts. */
export function grantedByEnrollers(set: RecordSet, scid: string): readonly MembershipRecord[] {
  const mesh = meshUrn(set.charter.meshId)
  return [...grantedTo(set, scid).firstByGranter.keys()].flatMap((issuer) =>
    issuer === mesh ? [] : enrolledBy(set, issuer, scid),
  )
}

function grantedTo(set: RecordSet, scid: string): Granted {
  const records = set.tables.memberships.get(scid)
  if (records === undefined) return { byMesh: [], firstByGranter: new Map() }
  const granted = GRANTED.get(records) ?? sorted(meshUrn(set.charter.meshId), records)
  GRANTED.set(records, granted)
  return granted
}

/** One walk over all. */
function sorted(mesh: string, records: readonly MembershipRecord[]): Granted {
  const byMesh: MembershipRecord[] = []
  const first = new Map<string, Placed[]>()
  for (const record of records) {
    const { issuer, gen, notBeforeMs } = record.membership
    if (issuer === mesh) byMesh.push(record)
    const places = first.get(issuer) ?? []
    first.set(issuer, places)
    insertFirst(places, { record, ranks: [-gen, -notBeforeMs, record.id] }, VOID_OF_ONE_MAX)
  }
  const firstByGranter = new Map(
    [...first].map(([issuer, places]) => [issuer, places.map(({ record }) => record)]),
  )
  return { byMesh, firstByGranter }
}

interface Placed extends Ranked {
  readonly record: MembershipRecord
}
