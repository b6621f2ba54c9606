import { adminThresholdMin, readSigner, sharesAKey, SIGNERS_MAX } from '../charter.ts'
import { CONTENT_ID_RULE } from '../labels.ts'
import type { RecordReader } from '../record-reader.ts'
import { readPlain, readPositions } from './envelope.ts'
import type { AdminChangeRecord } from './mesh-record.ts'
import type { Said } from './said.ts'

export const ADMIN_CHANGE_TYPE = 'WarrenAdminChange'
const MEMBERS = [
  '@context',
  'type',
  'mesh',
  'created',
  'prev',
  'approvers',
  'add',
  'remove',
  'rotate',
  'addWitnesses',
  'removeWitnesses',
  'k',
  'kAdmin',
  'kw',
  'since',
] as const

/** Reads what an admin change says; whether it fits the set before it is judged where that is known. */
export function readAdminChange(record: RecordReader, meshId: string): Said<AdminChangeRecord> {
  record.members(MEMBERS, ['proof'])
  readPlain(record, ADMIN_CHANGE_TYPE, meshId)
  const add = record.children('add', SIGNERS_MAX).map(readSigner)
  const rotate = record.children('rotate', SIGNERS_MAX).map(readSigner)
  if (sharesAKey([...add, ...rotate])) throw record.fault('two admins share a DID or a key')
  const addWitnesses = record.children('addWitnesses', SIGNERS_MAX).map(readSigner)
  if (sharesAKey(addWitnesses)) throw record.fault('two witnesses share a DID or a key')
  return {
    type: 'admin-change',
    claimedMs: record.timeMs('created'),
    prev: record.text('prev', CONTENT_ID_RULE),
    approvers: record.dids('approvers', SIGNERS_MAX),
    add,
    remove: record.dids('remove', SIGNERS_MAX),
    rotate,
    addWitnesses,
    removeWitnesses: record.dids('removeWitnesses', SIGNERS_MAX),
    k: record.integer('k', { min: 1, max: SIGNERS_MAX }),
    kAdmin: record.integer('kAdmin', { min: adminThresholdMin(1), max: SIGNERS_MAX }),
    kWitness: record.integer('kw', { min: 0, max: SIGNERS_MAX }),
    since: readPositions(record, 'since'),
  }
}
