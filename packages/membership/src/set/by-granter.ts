import { meshUrn } from '../membership.ts'
import type { MembershipRecord } from '../records/mesh-record.ts'
import { insertFirst } from './first-few.ts'
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

/** The memberships of a DID, sorted once for as long as these are all. */
export function byGranter(set: RecordSet, scid: string): Granted {
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
