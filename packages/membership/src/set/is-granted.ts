import { meshUrn } from '../membership.ts'
import type {
  EnrollerRecord,
  IslandRecord,
  MembershipRecord,
  ReadmissionRecord,
} from '../records/mesh-record.ts'
import { isEnrolled } from './is-enrolled.ts'
import { isSignedByAdmins } from './is-signed.ts'
import type { RecordSet } from './record-set.ts'

export type GrantRecord = MembershipRecord | EnrollerRecord | ReadmissionRecord | IslandRecord

/**
 * Whether a grant counts now: the set in force signed it, or witnesses saw it while the set that signed it was in force.
 *
 * So nobody who has lost a key, or an office, can still give anything with a date of earlier times. The
 * signature of a revoked admin counts where witnesses saw it before; that of a frozen one does not count.
 */
export function isGranted(set: RecordSet, record: GrantRecord): boolean {
  if (record.type === 'membership' && record.membership.issuer !== meshUrn(set.charter.meshId)) {
    return isEnrolled(set, record)
  }
  return isSignedByAdmins(set, record)
}
