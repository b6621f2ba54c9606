import { canonicalJson } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { formatTimestamp, type Did } from '@warren/identity'
import { multibaseBytes, multibaseText, utf8Bytes, utf8Text } from './byte-text.ts'
import { CONTENT_ID_RULE, LABEL_RULE, PEER_ID_RULE, ROLES_RULE } from './labels.ts'
import { MembershipError } from './membership-error.ts'
import { parseRecord, type RecordReader } from './record-reader.ts'

/** What one machine needs to become a member, once. Whoever holds it may do so: it is a secret. */
export interface Invitation {
  /** Pins the charter. */
  readonly meshId: string
  /** Where the inviter listens, as multiaddrs. */
  readonly addresses: readonly string[]
  readonly inviter: InvitationInviter
  readonly enclave: string
  readonly roles: readonly string[]
  /** Wall-clock milliseconds since 1970, whole seconds. From then on nobody may use it. */
  readonly expiresMs: number
  /** 32 random bytes. Never logged, and stored by the inviter as its SHA-256 alone. */
  readonly secret: Uint8Array
}

/** Pins the other end of the channel: both keys, and whose they are. */
export interface InvitationInviter {
  readonly did: Did
  readonly peerId: string
  /** SHA-256 of the ML-DSA-44 public key, 32 bytes. */
  readonly mlDsa44Hash: Uint8Array
}

export interface InvitationInit extends Omit<Invitation, 'secret' | 'inviter'> {
  readonly suite: CryptoSuite
  /** This node, with the ML-DSA-44 public key of its channels. */
  readonly inviter: { readonly did: Did; readonly peerId: string; readonly mlDsa44Key: Uint8Array }
}

export interface CreatedInvitation {
  /** `warren-invite:1:<base64url>`: one line for a file, a message or a QR code. */
  readonly text: string
  /** SHA-256 of the secret: what the inviter stores. */
  readonly secretHash: Uint8Array
}

const PREFIX = 'warren-invite:1:'
const SECRET_BYTES = 32
const HASH_BYTES = 32
const TEXT_LENGTH_MAX = 8192
const JSON_LENGTH_MAX = 6144
const ADDRESSES_MAX = 16
const ADDRESS_RULE = { lengthMax: 256, pattern: /^\/[\x21-\x7E]+$/ } as const

/**
 * Makes an invitation with a fresh secret.
 *
 * @throws MembershipError `invitation-malformed` when a field breaks a rule
 */
export function createInvitation({ suite, ...fields }: InvitationInit): CreatedInvitation {
  const secret = suite.randomBytes(SECRET_BYTES)
  const { meshId, addresses, inviter, enclave, roles, expiresMs } = fields
  const json = canonicalJson({
    v: 1,
    mesh: meshId,
    addresses,
    inviter: {
      did: inviter.did,
      peerId: inviter.peerId,
      mlDsa44: multibaseText(suite.sha256(inviter.mlDsa44Key)),
    },
    enclave,
    roles,
    expires: formatTimestamp(expiresMs),
    secret: multibaseText(secret),
  })
  const text = `${PREFIX}${multibaseText(utf8Bytes(json)).slice(1)}`
  parseInvitation(text)
  const secretHash = invitationHash(suite, secret)
  secret.fill(0)
  return { text, secretHash }
}

/**
 * Reads an invitation. Line breaks and spaces that a terminal or a mail program put in are ignored.
 *
 * @throws MembershipError `invitation-too-large`, `invitation-malformed`
 */
export function parseInvitation(text: string): Invitation {
  if (text.length > TEXT_LENGTH_MAX) {
    throw new MembershipError(
      'invitation-too-large',
      `an invitation has at most ${TEXT_LENGTH_MAX} characters`,
    )
  }
  const line = text.replaceAll(/\s+/g, '')
  if (!line.startsWith(PREFIX)) {
    throw malformed(`an invitation begins with "${PREFIX}"; copy the whole line`)
  }
  const json = decode(line.slice(PREFIX.length))
  if (json === undefined) throw damaged()
  return readInvitation(wholeRecord(json))
}

/** Cut short, many a line still decodes; its JSON has lost its end. */
function wholeRecord(json: string): RecordReader {
  try {
    return parseRecord('invitation', json, JSON_LENGTH_MAX)
  } catch (cause) {
    throw damaged(cause)
  }
}

/** What the inviter stores of an invitation's secret, and what it is found by. 32 bytes. */
export function invitationHash(suite: CryptoSuite, secret: Uint8Array): Uint8Array {
  return suite.sha256(secret)
}

function decode(digits: string): string | undefined {
  const bytes = multibaseBytes(`u${digits}`, Math.floor((digits.length * 3) / 4))
  return bytes === undefined ? undefined : utf8Text(bytes)
}

function readInvitation(record: RecordReader): Invitation {
  record.members(['v', 'mesh', 'addresses', 'inviter', 'enclave', 'roles', 'expires', 'secret'])
  record.constant('v', 1)
  return {
    meshId: record.text('mesh', CONTENT_ID_RULE),
    addresses: record.texts('addresses', { ...ADDRESS_RULE, countMax: ADDRESSES_MAX }),
    inviter: readInviter(record.child('inviter')),
    enclave: record.text('enclave', LABEL_RULE),
    roles: record.texts('roles', ROLES_RULE),
    expiresMs: record.timeMs('expires'),
    secret: record.bytes('secret', SECRET_BYTES),
  }
}

function readInviter(record: RecordReader): InvitationInviter {
  record.members(['did', 'peerId', 'mlDsa44'])
  return {
    did: record.did('did'),
    peerId: record.text('peerId', PEER_ID_RULE),
    mlDsa44Hash: record.bytes('mlDsa44', HASH_BYTES),
  }
}

function damaged(cause?: unknown): MembershipError {
  const message = 'the invitation is damaged or cut short; copy the whole line'
  return new MembershipError('invitation-malformed', message, { cause })
}

function malformed(message: string): MembershipError {
  return new MembershipError('invitation-malformed', message)
}
