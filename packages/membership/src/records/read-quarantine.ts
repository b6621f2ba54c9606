import { scidOf } from '@warren/identity'
import type { RecordReader } from '../record-reader.ts'
import { readEnvelope } from './envelope.ts'
import type { QuarantineRecord } from './mesh-record.ts'
import { REASON_LENGTH_MAX } from './read-revocation.ts'
import type { Said } from './said.ts'

export const QUARANTINE_TYPE = 'WarrenQuarantineCredential'
/** How long a quarantine may last: a day, in which k admins can meet. */
export const QUARANTINE_MS_MAX = 86_400_000

/** Reads what a quarantine says; its issuer is the one admin who signs it. */
export function readQuarantine(record: RecordReader, meshId: string): Said<QuarantineRecord> {
  const envelope = readEnvelope(record, { type: QUARANTINE_TYPE, meshId, ends: true })
  const { subject, claimedMs, notAfterMs = 0 } = envelope
  subject.members(['id', 'reason'])
  if (notAfterMs - claimedMs > QUARANTINE_MS_MAX) {
    throw record.fault(`it lasts longer than ${QUARANTINE_MS_MAX / 3_600_000} hours`)
  }
  const did = subject.did('id')
  return {
    type: 'quarantine',
    claimedMs,
    notAfterMs,
    issuer: record.did('issuer'),
    did,
    scid: scidOf(did),
    reason: subject.printableLine('reason', REASON_LENGTH_MAX),
  }
}
