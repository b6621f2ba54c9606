import type { MeshRecord, RevocationTarget } from '../records/mesh-record.ts'

/** Whose standing some new records may change; anybody's where that cannot be read off them. */
export function affectedDids(records: readonly MeshRecord[]): readonly string[] | 'all' {
  const dids = records.map(didsOf)
  return dids.includes('all') ? 'all' : [...new Set(dids.flat())]
}

function didsOf(record: MeshRecord): readonly string[] | 'all' {
  if (record.type === 'membership') return [record.membership.did]
  if (
    record.type === 'quarantine' ||
    record.type === 'readmission' ||
    record.type === 'audit-fork'
  ) {
    return [record.did]
  }
  if (record.type !== 'revocation') return 'all'
  const dids = record.targets.map(memberOf)
  return dids.every((did) => did !== undefined) ? dids : 'all'
}

function memberOf(target: RevocationTarget): string | undefined {
  return 'did' in target ? target.did : undefined
}
