import { NAMES_MAX, type RecordBody } from '@warren/audit'
import type { MeshRecord, RevocationTarget } from '@warren/membership'

/** What the log says of a record that this node has taken up; nothing of what a witness says with every beacon. */
export function recordEntry(record: MeshRecord): RecordBody | undefined {
  if (record.type === 'checkpoint') return undefined
  const about = aboutOf(record).slice(0, NAMES_MAX)
  const by = record.signers.slice(0, NAMES_MAX)
  return {
    kind: 'record',
    id: record.id,
    type: record.type,
    ...(about.length === 0 ? {} : { about }),
    ...(by.length === 0 ? {} : { by }),
  }
}

/** Whom a record gives something to, or takes it from. */
function aboutOf(record: MeshRecord): readonly string[] {
  switch (record.type) {
    case 'membership':
      return [record.membership.did]
    case 'enroller':
      return [record.enroller.did]
    case 'quarantine':
    case 'readmission':
    case 'audit-fork':
      return [record.did]
    case 'revocation':
      return record.targets.map(targetOf)
    case 'admin-change': {
      const { add, remove, rotate, addWitnesses, removeWitnesses } = record
      const given = [...add, ...rotate, ...addWitnesses].map(({ did }) => did)
      return [...new Set([...given, ...remove, ...removeWitnesses])]
    }
    case 'fork-proof':
      return [record.witness]
    case 'island':
    case 'checkpoint':
    default:
      return []
  }
}

function targetOf(target: RevocationTarget): string {
  return Object.values(target).find((value) => typeof value === 'string') ?? ''
}
