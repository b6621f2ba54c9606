import type { CharterAdmin } from '../charter.ts'
import type {
  EnrollerRecord,
  ForkProofRecord,
  IslandRecord,
  MembershipRecord,
  MeshRecord,
  ReadmissionRecord,
} from '../records/mesh-record.ts'
import { Removals } from './removals.ts'

/** The records of a set as they are looked up. Grows while a set is being made, and not afterwards. */
export class RecordTables {
  readonly records: Map<string, MeshRecord> = new Map()
  readonly removals: Removals
  readonly memberships: Map<string, readonly MembershipRecord[]> = new Map()
  readonly grantedBy: Map<string, readonly MembershipRecord[]> = new Map()
  readonly readmissions: Map<string, readonly ReadmissionRecord[]> = new Map()
  readonly enrollers: Map<string, readonly EnrollerRecord[]> = new Map()
  readonly islands: IslandRecord[] = []
  readonly forks: ForkProofRecord[] = []

  constructor(from?: RecordTables) {
    this.removals = from?.removals.copy() ?? new Removals()
    if (from === undefined) return
    copyInto(this.records, from.records)
    copyInto(this.memberships, from.memberships)
    copyInto(this.grantedBy, from.grantedBy)
    copyInto(this.readmissions, from.readmissions)
    copyInto(this.enrollers, from.enrollers)
    this.islands.push(...from.islands)
    this.forks.push(...from.forks)
  }

  add(record: MeshRecord): void {
    this.records.set(record.id, record)
    switch (record.type) {
      case 'membership': {
        const { scid, issuer } = record.membership
        append(this.memberships, scid, record)
        append(this.grantedBy, issuer, record)
        return
      }
      case 'readmission':
        append(this.readmissions, record.scid, record)
        return
      case 'enroller':
        append(this.enrollers, record.enroller.did, record)
        return
      case 'island':
        this.islands.push(record)
        return
      case 'fork-proof':
        this.forks.push(record)
        return
      case 'revocation':
        this.removals.revoke(record)
        return
      case 'quarantine':
        this.removals.quarantine(record)
        return
      case 'admin-change':
      case 'checkpoint':
    }
  }

  /** The key pairs of everybody who is or was an enroller. */
  enrollerPairs(): readonly CharterAdmin[] {
    return [...this.enrollers.values()].flat().map(({ enroller }) => enroller)
  }
}

function append<R>(map: Map<string, readonly R[]>, key: string, record: R): void {
  map.set(key, [...(map.get(key) ?? []), record])
}

function copyInto<K, V>(into: Map<K, V>, from: ReadonlyMap<K, V>): void {
  for (const [key, value] of from) into.set(key, value)
}
