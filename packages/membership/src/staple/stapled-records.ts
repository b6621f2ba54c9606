import type { CryptoSuite } from '@warren/crypto'
import type { VerifiedCharter } from '../charter.ts'
import { meshUrn, type Membership } from '../membership.ts'
import { MembershipError } from '../membership-error.ts'
import type { MeshRecord } from '../records/mesh-record.ts'
import { isSignedByAdmins } from '../set/is-signed.ts'
import { RecordSet } from '../set/record-set.ts'
import { covers } from '../set/within-quota.ts'
import type { Staple } from './staple.ts'

/** As much of a staple as a set of records can say. */
export type StapledRecords = Pick<Staple, 'changes' | 'enroller' | 'membership'>

/**
 * What a membership rests on, for somebody who has nothing but the charter.
 *
 * Whether it counts is what witnesses say: a set of admins may have gone that signed it in its time.
 */
export function stapledRecords(set: RecordSet, membership: Membership): StapledRecords {
  const { id, issuer, text } = membership
  const changes = changesOf(set)
  if (issuer === meshUrn(set.charter.meshId)) {
    return { changes, enroller: undefined, membership: text }
  }
  const record = set.get(id)
  const enroller = (set.tables.enrollers.get(issuer) ?? []).find(
    (each) =>
      record?.type === 'membership' && covers(set, each, record) && isSignedByAdmins(set, each),
  )
  return { changes, enroller: enroller?.text, membership: text }
}

function changesOf({ tree }: RecordSet): readonly string[] {
  return tree.reigns.flatMap(({ endedBy }) => (endedBy === undefined ? [] : [endedBy.text]))
}

export interface StapledCheck {
  readonly suite: CryptoSuite
  readonly charter: VerifiedCharter
  readonly staple: StapledRecords
}

/**
 * Reads and verifies these records: one change after the other and no rival of any, then the membership, by admins or by the enroller beside it.
 *
 * @throws MembershipError as `RecordSet.decode`, and `staple-unproved`
 */
export function readStapledRecords({ suite, charter, staple }: StapledCheck): {
  readonly set: RecordSet
  readonly membership: Membership
} {
  const { changes, enroller, membership: text } = staple
  let set = RecordSet.empty(suite, charter)
  for (const change of changes) set = withOne(set, change, 'admin-change').set
  // Two changes of one set, or one twice: then not all of them are in force.
  if (changesOf(set).join('\n') !== changes.join('\n')) {
    throw unproved('its admin changes do not follow each other')
  }
  if (enroller !== undefined) set = withOne(set, enroller, 'enroller').set
  const taken = withOne(set, text, 'membership')
  const { record } = taken
  if (record.type !== 'membership') throw unproved('its membership is none')
  if ((record.membership.issuer === meshUrn(charter.meshId)) !== (enroller === undefined)) {
    throw unproved('it has an enroller too many')
  }
  return { set: taken.set, membership: record.membership }
}

function withOne(
  set: RecordSet,
  text: string,
  type: MeshRecord['type'],
): { readonly set: RecordSet; readonly record: MeshRecord } {
  const record = set.decode(text)
  if (record.type !== type) throw unproved(`a record in it is no ${type}`)
  return { set: set.with([record]), record }
}

function unproved(why: string): MembershipError {
  return new MembershipError('staple-unproved', `the staple proves nothing: ${why}`)
}
