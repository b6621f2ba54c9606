import { scidOf } from '@warren/identity'
import { readAdminKeys } from '../admin-keys.ts'
import { CONTENT_ID_RULE, LABEL_RULE, ROLES_RULE } from '../labels.ts'
import type { RecordReader } from '../record-reader.ts'
import { checkMeshIssued, readEnvelope } from './envelope.ts'
import type { EnrollerRecord, IslandRecord, ReadmissionRecord } from './mesh-record.ts'
import type { Said } from './said.ts'

export const ENROLLER_TYPE = 'WarrenEnrollerCredential'
export const READMISSION_TYPE = 'WarrenReadmissionCredential'
export const ISLAND_TYPE = 'WarrenIslandCredential'
/** Members that one enroller may admit at most. */
export const QUOTA_MAX = 10_000
const STALENESS_SECONDS_MAX = 31_536_000
/** Servers that one island grant names at most. */
export const ISLAND_SERVERS_MAX = 64
const KEYS_RULE = { lengthMax: 2048, countMax: 8, pattern: /^[uz][\w-]+$/ } as const
const RETURNING_GEN_RULE = { min: 2, max: 1_000_000 } as const

/** Reads what an enroller credential says. */
export function readEnroller(record: RecordReader, meshId: string): Said<EnrollerRecord> {
  const envelope = readEnvelope(record, { type: ENROLLER_TYPE, meshId, ends: true })
  checkMeshIssued(record, envelope, meshId)
  const { subject, uuid, claimedMs, notAfterMs = 0 } = envelope
  subject.members(['id', 'keys', 'enclave', 'roles', 'quota'])
  const did = subject.did('id')
  return {
    type: 'enroller',
    uuid,
    claimedMs,
    notAfterMs,
    enroller: { did, scid: scidOf(did), nextKeysHash: undefined, ...readAdminKeys(subject) },
    enclave: subject.text('enclave', LABEL_RULE),
    roles: subject.texts('roles', ROLES_RULE),
    quota: subject.integer('quota', { min: 1, max: QUOTA_MAX }),
  }
}

/** Reads what a readmission says. */
export function readReadmission(record: RecordReader, meshId: string): Said<ReadmissionRecord> {
  const envelope = readEnvelope(record, { type: READMISSION_TYPE, meshId, ends: false })
  checkMeshIssued(record, envelope, meshId)
  const { subject, claimedMs } = envelope
  subject.members(['id', 'gen', 'keys', 'ref'])
  const did = subject.did('id')
  return {
    type: 'readmission',
    claimedMs,
    did,
    scid: scidOf(did),
    gen: subject.integer('gen', RETURNING_GEN_RULE),
    keys: subject.texts('keys', KEYS_RULE),
    ref: subject.text('ref', CONTENT_ID_RULE),
  }
}

/** Reads what an island grant says. */
export function readIsland(record: RecordReader, meshId: string): Said<IslandRecord> {
  const envelope = readEnvelope(record, { type: ISLAND_TYPE, meshId, ends: true })
  checkMeshIssued(record, envelope, meshId)
  const { subject, uuid, claimedMs, notAfterMs = 0 } = envelope
  subject.members(['enclave', 'maxStalenessSeconds', 'servers'])
  const seconds = subject.integer('maxStalenessSeconds', { min: 1, max: STALENESS_SECONDS_MAX })
  return {
    type: 'island',
    uuid,
    claimedMs,
    notAfterMs,
    enclave: subject.text('enclave', LABEL_RULE),
    maxStalenessMs: seconds * 1000,
    servers: subject.texts('servers', { ...LABEL_RULE, countMax: ISLAND_SERVERS_MAX }),
  }
}
