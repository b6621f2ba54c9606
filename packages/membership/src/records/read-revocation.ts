import { CONTENT_ID_RULE, URN_UUID_RULE } from '../labels.ts'
import type { RecordReader } from '../record-reader.ts'
import { checkMeshIssued, readEnvelope, readPositions } from './envelope.ts'
import type { RevocationClass, RevocationRecord, RevocationTarget } from './mesh-record.ts'
import type { Said } from './said.ts'

export const REVOCATION_TYPE = 'WarrenRevocationCredential'
/** What one revocation takes away at most. */
const TARGETS_MAX = 64
/** Characters of the reason of a revocation or a quarantine. */
export const REASON_LENGTH_MAX = 200
const GEN_RULE = { min: 1, max: 1_000_000 } as const
const CLASSES: readonly RevocationClass[] = ['lost', 'compromised', 'policy', 'retired']

/** Reads what a revocation says. */
export function readRevocation(record: RecordReader, meshId: string): Said<RevocationRecord> {
  const envelope = readEnvelope(record, { type: REVOCATION_TYPE, meshId, ends: false })
  checkMeshIssued(record, envelope, meshId)
  const { subject, claimedMs } = envelope
  subject.members(['target', 'class', 'reason', 'since'])
  const targets = subject.children('target', TARGETS_MAX).map(readTarget)
  if (targets.length === 0) throw record.fault('it takes nothing away')
  return {
    type: 'revocation',
    claimedMs,
    targets,
    class: subject.oneOf('class', CLASSES),
    reason: subject.printableLine('reason', REASON_LENGTH_MAX),
    since: readPositions(subject, 'since'),
  }
}

function readTarget(target: RecordReader): RevocationTarget {
  if (target.has('did')) {
    target.members(['did', 'maxGen'])
    return { did: target.did('did'), maxGen: target.integer('maxGen', GEN_RULE) }
  }
  if (target.has('keyHash')) {
    target.members(['keyHash'])
    return { keyHash: target.text('keyHash', CONTENT_ID_RULE) }
  }
  if (target.has('credential')) {
    target.members(['credential'])
    return { credential: target.text('credential', URN_UUID_RULE) }
  }
  if (target.has('enroller')) {
    target.members(['enroller'])
    return { enroller: target.did('enroller') }
  }
  if (target.has('admin')) {
    target.members(['admin'])
    return { admin: target.did('admin') }
  }
  target.members(['bundleSigner'])
  return { bundleSigner: target.did('bundleSigner') }
}
