import type { CryptoSuite } from '@warren/crypto'
import { contentId, type Did, isDid, scidOf } from '@warren/identity'
import { verifyAdminProofs } from './admin-proofs.ts'
import { CHARTER_CONTEXT, type VerifiedCharter } from './charter.ts'
import { CONTENT_ID_RULE, LABEL_RULE, PEER_ID_RULE, ROLES_RULE, URN_UUID_RULE } from './labels.ts'
import { MembershipError } from './membership-error.ts'
import { parseRecord, type RecordReader } from './record-reader.ts'

/** A membership, verified: this DID is a member of this mesh. */
export interface Membership {
  /** Content id: the name of this record, whatever its proofs. */
  readonly id: string
  readonly did: Did
  readonly scid: string
  /** `id` of the credential, `urn:uuid:…`. */
  readonly uuid: string
  /** The mesh, for what its admins sign; the DID of the enroller for what it grants. */
  readonly issuer: string
  /** Generation: a member that returns after a revocation has a higher one. */
  readonly gen: number
  /** What people call the member: signed by the admins, but unique nowhere, and known to no policy. */
  readonly name: string | undefined
  /** Multikeys and PeerIds at admission. What counts today is the DID's own log. */
  readonly keys: readonly string[]
  readonly peerIds: readonly string[]
  readonly enclave: string
  readonly roles: readonly string[]
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** What the member was admitted by, where that is written down. */
  readonly enrolRef: string | undefined
  /** The canonical text, as it travels. */
  readonly text: string
}

export interface MembershipCheck {
  readonly suite: CryptoSuite
  readonly charter: VerifiedCharter
  readonly text: string
  /** Wall-clock milliseconds since 1970. */
  readonly nowMs: number
}

export const MEMBERSHIP_LENGTH_MAX = 98_304
export const MEMBERSHIP_CONTEXTS: readonly string[] = [
  'https://www.w3.org/ns/credentials/v2',
  CHARTER_CONTEXT,
]
export const MEMBERSHIP_TYPES: readonly string[] = [
  'VerifiableCredential',
  'WarrenMembershipCredential',
]

const MEMBERS = [
  '@context',
  'id',
  'type',
  'mesh',
  'issuer',
  'validFrom',
  'validUntil',
  'credentialSubject',
  'proof',
] as const
const SUBJECT_MEMBERS = ['id', 'gen', 'keys', 'peerIds', 'enclave', 'roles'] as const
const ISSUER_RULE = { lengthMax: 256 } as const
const KEYS_RULE = { lengthMax: 2048, countMax: 8, pattern: /^[uz][\w-]+$/ } as const
const PEER_IDS_RULE = { ...PEER_ID_RULE, countMax: 4 } as const
const GEN_RULE = { min: 1, max: 1_000_000 } as const

/**
 * Verifies a membership: form, mesh, validity in time, then the proofs of k different admins.
 *
 * Times are wall-clock times, judged with the skew that the charter allows.
 *
 * @throws MembershipError `membership-too-large`, `-malformed`, `-foreign`, `-expired`, `-not-yet-valid`, `-unproved`
 */
export function verifyMembership({ suite, charter, text, nowMs }: MembershipCheck): Membership {
  const record = parseRecord('membership', text, MEMBERSHIP_LENGTH_MAX)
  const fields = readMembership(record, charter.meshId)
  if (fields.issuer !== meshUrn(charter.meshId)) throw record.fault('"issuer" is not the mesh')
  checkMembershipTime(fields, nowMs, charter.freshness.skewMs)
  verifyAdminProofs({
    suite,
    kind: 'membership',
    document: record.object,
    admins: charter.admins,
    threshold: charter.k,
  })
  return { ...fields, id: contentId(suite, record.object), text }
}

/** The issuer of what a mesh decides with its threshold: the mesh itself. */
export function meshUrn(meshId: string): string {
  return `urn:warren:mesh:${meshId}`
}

/** Reads what a membership says, whoever signed it. */
export function readMembership(
  record: RecordReader,
  meshId: string,
): Omit<Membership, 'id' | 'text'> {
  record.members(MEMBERS)
  record.constants('@context', MEMBERSHIP_CONTEXTS)
  record.constants('type', MEMBERSHIP_TYPES)
  const uuid = record.text('id', URN_UUID_RULE)
  if (record.text('mesh', CONTENT_ID_RULE) !== meshId) {
    throw new MembershipError(
      'membership-foreign',
      'the membership belongs to another mesh; join this one',
    )
  }
  const issuer = record.text('issuer', ISSUER_RULE)
  if (issuer !== meshUrn(meshId) && !isDid(issuer)) {
    throw record.fault('"issuer" is neither the mesh nor an enroller')
  }
  const notBeforeMs = record.timeMs('validFrom')
  const notAfterMs = record.timeMs('validUntil')
  if (notAfterMs <= notBeforeMs) throw record.fault('it ends before it begins')
  const subject = readSubject(record.child('credentialSubject'))
  return { ...subject, uuid, issuer, notBeforeMs, notAfterMs }
}

type Subject = Omit<Membership, 'id' | 'text' | 'uuid' | 'issuer' | 'notBeforeMs' | 'notAfterMs'>

function readSubject(subject: RecordReader): Subject {
  subject.members(SUBJECT_MEMBERS, ['enrolRef', 'name'])
  const did = subject.did('id')
  return {
    did,
    scid: scidOf(did),
    gen: subject.integer('gen', GEN_RULE),
    name: subject.has('name') ? subject.printableName('name') : undefined,
    keys: subject.texts('keys', KEYS_RULE),
    peerIds: subject.texts('peerIds', PEER_IDS_RULE),
    enclave: subject.text('enclave', LABEL_RULE),
    roles: subject.texts('roles', ROLES_RULE),
    enrolRef: subject.has('enrolRef') ? subject.text('enrolRef', CONTENT_ID_RULE) : undefined,
  }
}

/**
 * Requires a time at which a membership is valid.
 *
 * @throws MembershipError `membership-expired`, `membership-not-yet-valid`
 */
export function checkMembershipTime(
  { notBeforeMs, notAfterMs }: Pick<Membership, 'notBeforeMs' | 'notAfterMs'>,
  nowMs: number,
  skewMs: number,
): void {
  if (nowMs < notBeforeMs - skewMs) {
    const message = 'the membership is not valid yet; check the clocks of both machines'
    throw new MembershipError('membership-not-yet-valid', message)
  }
  if (nowMs >= notAfterMs + skewMs) {
    const message = 'the membership has expired; ask an admin for a new one'
    throw new MembershipError('membership-expired', message)
  }
}
