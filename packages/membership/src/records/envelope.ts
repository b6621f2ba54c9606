import type { JsonObject } from '@warren/core'
import { type Did, formatTimestamp } from '@warren/identity'
import { CHARTER_CONTEXT } from '../charter.ts'
import { CONTENT_ID_RULE, URN_UUID_RULE } from '../labels.ts'
import { MEMBERSHIP_CONTEXTS, meshUrn } from '../membership.ts'
import { MembershipError } from '../membership-error.ts'
import type { RecordReader } from '../record-reader.ts'
import type { LogPosition } from './mesh-record.ts'

const WITNESSES_MAX = 16
const SIZE_RULE = { min: 0, max: 1_000_000_000 } as const

/** What stands round the subject of a credential of the mesh. */
export interface Envelope {
  readonly uuid: string
  readonly issuer: string
  readonly claimedMs: number
  /** Absent where the credential has no end. */
  readonly notAfterMs: number | undefined
  readonly subject: RecordReader
}

export interface EnvelopeRule {
  /** The second type, after `VerifiableCredential`. */
  readonly type: string
  readonly meshId: string
  /** Whether it says until when it is valid: it must, or it must not. */
  readonly ends: boolean
}

const CREDENTIAL_MEMBERS = [
  '@context',
  'id',
  'type',
  'mesh',
  'issuer',
  'validFrom',
  'credentialSubject',
] as const
const ISSUER_RULE = { lengthMax: 256 } as const

/** Reads the envelope of a credential (VC 2.0) of this mesh; its proofs are somebody else's matter. */
export function readEnvelope(record: RecordReader, { type, meshId, ends }: EnvelopeRule): Envelope {
  record.members(ends ? [...CREDENTIAL_MEMBERS, 'validUntil'] : CREDENTIAL_MEMBERS, ['proof'])
  record.constants('@context', MEMBERSHIP_CONTEXTS)
  record.constants('type', ['VerifiableCredential', type])
  checkMesh(record, meshId)
  const claimedMs = record.timeMs('validFrom')
  const notAfterMs = ends ? record.timeMs('validUntil') : undefined
  if (notAfterMs !== undefined && notAfterMs <= claimedMs) {
    throw record.fault('it ends before it begins')
  }
  return {
    uuid: record.text('id', URN_UUID_RULE),
    issuer: record.text('issuer', ISSUER_RULE),
    claimedMs,
    notAfterMs,
    subject: record.child('credentialSubject'),
  }
}

/** Requires the mesh itself as the issuer: what its threshold decides. */
export function checkMeshIssued(record: RecordReader, envelope: Envelope, meshId: string): void {
  if (envelope.issuer !== meshUrn(meshId)) throw record.fault('"issuer" is not the mesh')
}

/** Requires that a record belongs to this mesh. */
export function checkMesh(record: RecordReader, meshId: string): void {
  if (record.text('mesh', CONTENT_ID_RULE) !== meshId) {
    throw new MembershipError('record-foreign', 'the record belongs to another mesh')
  }
}

/** What a new credential of the mesh begins with. */
export function writeEnvelope(init: {
  readonly uuid: string
  readonly type: string
  readonly meshId: string
  readonly issuer?: Did
  readonly claimedMs: number
  readonly notAfterMs?: number
  readonly subject: JsonObject
}): JsonObject {
  const { uuid, type, meshId, issuer, claimedMs, notAfterMs, subject } = init
  return {
    '@context': MEMBERSHIP_CONTEXTS,
    id: uuid,
    type: ['VerifiableCredential', type],
    mesh: meshId,
    issuer: issuer ?? meshUrn(meshId),
    validFrom: formatTimestamp(claimedMs),
    ...(notAfterMs === undefined ? {} : { validUntil: formatTimestamp(notAfterMs) }),
    credentialSubject: subject,
  }
}

/** What a new plain record of the mesh begins with. */
export function writePlain(type: string, meshId: string): JsonObject {
  return { '@context': [CHARTER_CONTEXT], type, mesh: meshId }
}

/** Reads what every plain record begins with. */
export function readPlain(record: RecordReader, type: string, meshId: string): void {
  record.constants('@context', [CHARTER_CONTEXT])
  record.constant('type', type)
  checkMesh(record, meshId)
}

/** Reads positions in the logs of witnesses, one for each witness at most. */
export function readPositions(record: RecordReader, key: string): readonly LogPosition[] {
  const positions = record.children(key, WITNESSES_MAX).map((item) => {
    item.members(['witness', 'size'])
    return { witness: item.did('witness'), size: item.integer('size', SIZE_RULE) }
  })
  if (new Set(positions.map(({ witness }) => witness)).size < positions.length) {
    throw record.fault(`"${key}" names a witness twice`)
  }
  return positions
}
