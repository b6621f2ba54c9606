import { type Did, isDid } from '@warren/identity'
import type { MeshRecord, RevocationRecord } from '../records/mesh-record.ts'
import type { RecordSet } from '../set/record-set.ts'
import { grantsNothing } from '../set/is-enrolled.ts'
import { withinQuota } from '../set/within-quota.ts'

export interface Growth {
  readonly before: RecordSet
  readonly after: RecordSet
  readonly added: readonly MeshRecord[]
}

/** Whose standing some new records may change; anybody's where that cannot be read off them. */
export function affectedDids({ before, after, added }: Growth): readonly string[] | 'all' {
  const dids = added.map((record) => didsOf(record, after))
  if (dids.includes('all')) return 'all'
  return [...new Set([...dids.flat(), ...pushedOut({ before, after, added })])]
}

function didsOf(record: MeshRecord, after: RecordSet): readonly string[] | 'all' {
  if (record.type === 'membership') {
    const { did, issuer } = record.membership
    return isDid(issuer) ? [did] : unlessEnroller(did, after)
  }
  if (record.type === 'readmission') return unlessEnroller(record.did, after)
  if (record.type === 'quarantine' || record.type === 'audit-fork') return [record.did]
  return record.type === 'revocation' ? revokedBy(record, after) : 'all'
}

/** What its keys are decides what the credentials of an enroller are worth that was revoked as a member. */
function unlessEnroller(did: Did, { tables }: RecordSet): readonly Did[] | 'all' {
  return tables.enrollers.has(did) ? 'all' : [did]
}

/** A revocation of an enroller hits those too whom it admitted. */
function revokedBy(
  { targets }: RevocationRecord,
  { tables }: RecordSet,
): readonly string[] | 'all' {
  const dids = targets.flatMap((target) =>
    'did' in target && !tables.enrollers.has(target.did) ? [target.did] : [],
  )
  return dids.length === targets.length ? dids : 'all'
}

/** Who had a place in the quota of an enroller that others have now. */
function pushedOut({ before, after, added }: Growth): readonly string[] {
  const issuers = new Set(
    added.flatMap((record) => (record.type === 'membership' ? [record.membership.issuer] : [])),
  )
  return [...issuers].filter(isDid).flatMap((issuer) =>
    (before.tables.enrollers.get(issuer) ?? []).flatMap((credential) => {
      if (grantsNothing(before, credential)) return []
      const places = withinQuota(after, credential)
      return [...withinQuota(before, credential)].flatMap(([scid, records]) => {
        const left = new Set((places.get(scid) ?? []).map(({ id }) => id))
        return records.flatMap(({ id, membership }) => (left.has(id) ? [] : [membership.did]))
      })
    }),
  )
}
