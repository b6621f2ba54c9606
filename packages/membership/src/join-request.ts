import { canonicalJson, type JsonObject } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import {
  addProofs,
  type Did,
  type Identity,
  IdentityError,
  type VerifiedLog,
  verifyProofs,
} from '@warren/identity'
import { equals } from 'uint8arrays/equals'
import { multibaseText, utf8Bytes, utf8Text } from './byte-text.ts'
import { type ChannelFacts, checkChannelKeys } from './channel.ts'
import { type Invitation, invitationHash } from './invitation.ts'
import { CONTENT_ID_RULE, PEER_ID_RULE } from './labels.ts'
import { MembershipError } from './membership-error.ts'
import { verifyMemberLog } from './member-log.ts'
import { possessionProofs, possessionSigners } from './possession.ts'
import {
  isPrintableName,
  NAME_LENGTH_MAX,
  parseRecord,
  type RecordReader,
} from './record-reader.ts'
import { checkInvitation, type InvitationLedger } from './redeem-invitation.ts'

export interface JoinRequestInit {
  readonly suite: CryptoSuite
  readonly invitation: Invitation
  /** Who joins; its keys must be open. */
  readonly identity: Identity
  /** What the machine would like to be called. */
  readonly name: string
  /** The channel to the inviter, as the handshake proved it. */
  readonly channel: ChannelFacts
  readonly nowMs: number
}

export interface JoinRequestCheck {
  readonly suite: CryptoSuite
  readonly meshId: string
  /** PeerId of this node, the inviter. */
  readonly selfPeerId: string
  readonly ledger: InvitationLedger
  readonly bytes: Uint8Array
  readonly channel: ChannelFacts
  readonly nowMs: number
}

/** Somebody who holds an invitation and all the keys of the identity shown. */
export interface JoinRequest {
  readonly did: Did
  readonly log: VerifiedLog
  readonly name: string
  /** SHA-256 of the invitation's secret, 32 bytes. */
  readonly secretHash: Uint8Array
}

/** Bytes of a request; the network reads no more. */
export const JOIN_REQUEST_BYTES_MAX = 262_144
const LOG_LENGTH_MAX = 262_144
const SECRET_BYTES = 32
const HANDSHAKE_HASH_BYTES = 32
const REQUEST_TYPE = 'WarrenJoinRequest'

/**
 * Asks the inviter to be let in.
 *
 * The secret goes out only after the channel has proved to end at the PeerId of the invitation. All
 * keys of the identity sign the request together with the channel's handshake hash, so it is worth
 * nothing on any other channel.
 *
 * @throws MembershipError `channel-mismatch`, `invitation-expired`, `join-malformed`
 */
export function createJoinRequest(init: JoinRequestInit): Uint8Array {
  const { suite, invitation, identity, name, channel, nowMs } = init
  checkInviter(suite, invitation, channel)
  if (nowMs >= invitation.expiresMs) throw expired()
  const document = {
    type: REQUEST_TYPE,
    v: 1,
    mesh: invitation.meshId,
    to: invitation.inviter.peerId,
    channel: multibaseText(channel.handshakeHash),
    log: identity.log.text,
    name: checkedName(name),
    secret: multibaseText(invitation.secret),
  }
  const signers = possessionSigners(identity)
  return utf8Bytes(canonicalJson(addProofs({ suite, document, signers, createdMs: nowMs })))
}

/**
 * Verifies a join request: size and form, mesh, channel, invitation, key log, then a proof by every
 * key in it.
 *
 * The invitation comes before the key log, which may hold hundreds of signatures: whoever has no
 * secret that this node gave out costs it one hash and one look-up. The look-up is by the hash, so
 * that its timing can tell a guesser of 256-bit secrets nothing but bits of hashes. Redeeming the
 * invitation is the next step, and the only one that counts.
 *
 * @throws MembershipError with the reason; nothing else, whatever the bytes
 */
export function verifyJoinRequest(check: JoinRequestCheck): JoinRequest {
  const { suite, ledger, channel, nowMs } = check
  const record = parseJoinMessage(check.bytes, JOIN_REQUEST_BYTES_MAX)
  const { logText, name, secret } = readRequest(record, check)
  const secretHash = invitationHash(suite, secret)
  secret.fill(0)
  checkInvitation(ledger, { secretHash, nowMs })
  const log = verifyMemberLog({ suite, text: logText, nowMs })
  checkChannelKeys(log, channel)
  checkPossession(suite, record.object, log)
  return { did: log.did, log, name, secretHash }
}

/** Reads the bytes of a join message as one canonical object. */
export function parseJoinMessage(bytes: Uint8Array, bytesMax: number): RecordReader {
  if (bytes.length > bytesMax) {
    throw new MembershipError('join-too-large', `a join message has at most ${bytesMax} bytes`)
  }
  const text = utf8Text(bytes)
  if (text === undefined) throw new MembershipError('join-malformed', 'the message is not UTF-8')
  return parseRecord('join', text, bytesMax)
}

function readRequest(
  record: RecordReader,
  { meshId, selfPeerId, channel }: JoinRequestCheck,
): { logText: string; name: string; secret: Uint8Array } {
  record.members(['type', 'v', 'mesh', 'to', 'channel', 'log', 'name', 'secret', 'proof'])
  record.constant('type', REQUEST_TYPE)
  record.constant('v', 1)
  if (record.text('mesh', CONTENT_ID_RULE) !== meshId) {
    throw new MembershipError('membership-foreign', 'the invitation is for another mesh')
  }
  const here =
    record.text('to', PEER_ID_RULE) === selfPeerId &&
    equals(record.bytes('channel', HANDSHAKE_HASH_BYTES), channel.handshakeHash)
  if (!here) {
    throw new MembershipError('channel-mismatch', 'the request was made for another channel')
  }
  return {
    logText: record.text('log', { lengthMax: LOG_LENGTH_MAX }),
    name: record.printableName('name'),
    secret: record.bytes('secret', SECRET_BYTES),
  }
}

function checkInviter(suite: CryptoSuite, { inviter }: Invitation, channel: ChannelFacts): void {
  const same =
    channel.peerId === inviter.peerId &&
    equals(suite.sha256(channel.mlDsa44Key), inviter.mlDsa44Hash)
  if (!same) {
    const message = 'another machine answers at this address than the one that wrote the invitation'
    throw new MembershipError('channel-mismatch', message)
  }
}

function checkPossession(suite: CryptoSuite, document: JsonObject, log: VerifiedLog): void {
  const required = possessionProofs(log.document)
  try {
    verifyProofs({ suite, document, required, purpose: 'authentication' })
  } catch (cause) {
    if (!(cause instanceof IdentityError)) throw cause
    const message = `not every key of the identity signed the request: ${cause.message}`
    throw new MembershipError('join-unproved', message, { cause })
  }
}

function checkedName(name: string): string {
  if (isPrintableName(name)) return name
  const message = `a name is one printable line of 1 to ${NAME_LENGTH_MAX} characters`
  throw new MembershipError('join-malformed', message)
}

function expired(): MembershipError {
  return new MembershipError('invitation-expired', 'the invitation has expired; ask for a new one')
}
