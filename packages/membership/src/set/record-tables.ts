import { isDid, scidOf } from '@warren/identity'
import type { CharterAdmin } from '../charter.ts'
import type {
  AuditForkRecord,
  EnrollerRecord,
  ForkProofRecord,
  IslandRecord,
  MembershipRecord,
  MeshRecord,
  ReadmissionRecord,
} from '../records/mesh-record.ts'
import { Grouped } from './grouped.ts'
import { Removals } from './removals.ts'

/** The records of a set as they are looked up. Grows while a set is being made, and not afterwards. */
export class RecordTables {
  readonly records: Map<string, MeshRecord>
  readonly removals: Removals
  readonly memberships: Grouped<MembershipRecord>
  /** Memberships by who granted them, where that was not the mesh. */
  readonly enrolled: Grouped<MembershipRecord>
  readonly readmissions: Grouped<ReadmissionRecord>
  readonly enrollers: Grouped<EnrollerRecord>
  readonly islands: Map<string, IslandRecord>
  /** Proofs by the witness that they are about. */
  readonly forks: Map<string, ForkProofRecord>
  /** Members of whose audit log there are two stories, by SCID. */
  readonly auditForks: Map<string, AuditForkRecord>

  constructor(from?: RecordTables) {
    this.records = new Map(from?.records)
    this.removals = new Removals(from?.removals)
    this.memberships = new Grouped(from?.memberships)
    this.enrolled = new Grouped(from?.enrolled)
    this.readmissions = new Grouped(from?.readmissions)
    this.enrollers = new Grouped(from?.enrollers)
    this.islands = new Map(from?.islands)
    this.forks = new Map(from?.forks)
    this.auditForks = new Map(from?.auditForks)
  }

  /** Puts a record in, or in the place of its own copy with fewer signers. */
  add(record: MeshRecord): void {
    const put = this.records.has(record.id) ? 'replace' : 'add'
    this.records.set(record.id, record)
    switch (record.type) {
      case 'membership':
        this.#put(put, record)
        return
      case 'readmission':
        this.readmissions[put](record.scid, record)
        return
      case 'enroller':
        this.enrollers[put](record.enroller.did, record)
        return
      case 'island':
        this.islands.set(record.id, record)
        return
      case 'fork-proof':
        this.forks.set(record.witness, record)
        return
      case 'audit-fork':
        this.auditForks.set(scidOf(record.did), record)
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

  #put(put: 'add' | 'replace', record: MembershipRecord): void {
    const { scid, issuer } = record.membership
    this.memberships[put](scid, record)
    if (isDid(issuer)) this.enrolled[put](issuer, record)
  }

  /** The key pairs of everybody who is or was an enroller. */
  enrollerPairs(): readonly CharterAdmin[] {
    return [...this.enrollers.values()].flat().map(({ enroller }) => enroller)
  }
}
