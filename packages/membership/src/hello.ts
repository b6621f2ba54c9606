import { canonicalJson } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import type { Did, VerifiedLog } from '@warren/identity'
import { utf8Bytes, utf8Text } from './byte-text.ts'
import { type ChannelFacts, checkChannelKeys } from './channel.ts'
import type { VerifiedCharter } from './charter.ts'
import { CONTENT_ID_RULE } from './labels.ts'
import { MEMBERSHIP_LENGTH_MAX, type Membership, verifyMembership } from './membership.ts'
import { MembershipError } from './membership-error.ts'
import { verifyMemberLog } from './member-log.ts'
import { parseRecord, type RecordReader } from './record-reader.ts'

/** What one side shows of itself, first thing on a channel. */
export interface HelloInit {
  readonly meshId: string
  /** The key log, as text of JSON lines. */
  readonly log: string
  /** The membership, as text. */
  readonly membership: string
  /** Records that the membership rests on and the other side may not know: admin changes, an enroller. */
  readonly supporting?: readonly string[]
}

export interface HelloQuestion {
  readonly suite: CryptoSuite
  readonly charter: VerifiedCharter
  readonly bytes: Uint8Array
  readonly channel: ChannelFacts
  /** Wall-clock milliseconds since 1970. */
  readonly nowMs: number
  /**
   * Says which membership is in force for whoever shows this one with these records beside it, or throws a MembershipError.
   * Without it the charter alone judges.
   */
  readonly membershipInForce?: (text: string, supporting: readonly string[]) => Membership
  /** The newest log seen of an identity. Without it, rollbacks and forks go unseen. */
  readonly knownLog?: (scid: string) => VerifiedLog | undefined
}

/** Somebody who may speak to us, and everything that we know of them. */
export interface AdmittedMember {
  readonly did: Did
  readonly scid: string
  readonly peerId: string
  readonly log: VerifiedLog
  readonly membership: Membership
  readonly enclave: string
  readonly roles: readonly string[]
}

/** Bytes of one hello; the network reads no more from a stranger. */
export const HELLO_BYTES_MAX = 262_144
const LOG_LENGTH_MAX = 262_144
const SUPPORTING_RULE = { lengthMax: LOG_LENGTH_MAX, countMax: 16 } as const
const HELLO_TYPE = 'WarrenHello'

/** Writes a hello. It holds no secret and no signature: the channel has proved the keys, the log and membership prove themselves. */
export function createHello({ meshId, log, membership, supporting = [] }: HelloInit): Uint8Array {
  const rest = supporting.length === 0 ? {} : { supporting }
  return utf8Bytes(
    canonicalJson({ type: HELLO_TYPE, v: 1, mesh: meshId, log, membership, ...rest }),
  )
}

/**
 * Judges the hello of the other side of a channel.
 *
 * In this order: size and form, mesh, membership, log, and that the keys which the channel proved
 * are keys of that log. So a stranger is refused before its log costs anything.
 *
 * @throws MembershipError with the reason; nothing else, whatever the bytes
 */
export function judgeHello(question: HelloQuestion): AdmittedMember {
  const { suite, charter, channel, nowMs, knownLog } = question
  const { log: logText, membership: membershipText, supporting } = readHello(question)
  if (membershipText === '') {
    throw new MembershipError(
      'not-a-member',
      'this machine is not a member of the mesh; join it first',
    )
  }
  const membership =
    question.membershipInForce?.(membershipText, supporting) ??
    verifyMembership({ suite, charter, text: membershipText, nowMs })
  const known = knownLog?.(membership.scid)
  const log = verifyMemberLog({ suite, text: logText, nowMs, scid: membership.scid, known })
  checkChannelKeys(log, channel)
  const { enclave, roles } = membership
  return { did: log.did, scid: log.scid, peerId: channel.peerId, log, membership, enclave, roles }
}

function readHello({ bytes, charter }: HelloQuestion): Required<Omit<HelloInit, 'meshId'>> {
  if (bytes.length > HELLO_BYTES_MAX) {
    throw new MembershipError('hello-too-large', `a hello has at most ${HELLO_BYTES_MAX} bytes`)
  }
  const text = utf8Text(bytes)
  if (text === undefined) throw new MembershipError('hello-malformed', 'the hello is not UTF-8')
  const record = parseRecord('hello', text, HELLO_BYTES_MAX)
  record.members(['type', 'v', 'mesh', 'log', 'membership'], ['supporting'])
  record.constant('type', HELLO_TYPE)
  record.constant('v', 1)
  checkMesh(record, charter)
  return {
    log: record.text('log', { lengthMax: LOG_LENGTH_MAX }),
    membership: record.text('membership', { lengthMax: MEMBERSHIP_LENGTH_MAX }),
    supporting: record.has('supporting') ? record.texts('supporting', SUPPORTING_RULE) : [],
  }
}

function checkMesh(record: RecordReader, charter: VerifiedCharter): void {
  if (record.text('mesh', CONTENT_ID_RULE) !== charter.meshId) {
    throw new MembershipError('membership-foreign', 'the other machine belongs to another mesh')
  }
}
