import { canonicalJson } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { scidOf, type VerifiedLog } from '@warren/identity'
import { utf8Bytes } from './byte-text.ts'
import { type ChannelFacts, checkChannelKeys } from './channel.ts'
import { parseCharter, type VerifiedCharter } from './charter.ts'
import type { Invitation } from './invitation.ts'
import { parseJoinMessage } from './join-request.ts'
import type { Membership } from './membership.ts'
import { MembershipError, type MembershipErrorCode } from './membership-error.ts'
import { verifyMemberLog } from './member-log.ts'
import type { RecordReader } from './record-reader.ts'
import { BESIDE_JOIN } from './set/authority-records.ts'
import { RecordSet } from './set/record-set.ts'
import { standingOf } from './set/standing.ts'
import { membershipRefusal, standingRefusal } from './set/standing-refusal.ts'

export interface JoinResponseInit {
  readonly charter: VerifiedCharter
  readonly membership: Membership
  /** The inviter's own key log, as text. */
  readonly inviterLog: string
  /** Records that the membership rests on. */
  readonly supporting?: readonly string[]
}

export interface JoinResponseCheck {
  readonly suite: CryptoSuite
  readonly invitation: Invitation
  /** The joiner's own log, verified. */
  readonly self: VerifiedLog
  readonly bytes: Uint8Array
  readonly channel: ChannelFacts
  readonly nowMs: number
}

/** What a machine holds once it is a member. */
export interface Joined {
  readonly charter: VerifiedCharter
  readonly membership: Membership
  readonly inviterLog: VerifiedLog
  /** Records of the mesh that the membership rests on. */
  readonly records: readonly string[]
}

const RESPONSE_TYPE = 'WarrenJoinResponse'
/** Bytes of a response; the network reads no more. */
export const JOIN_RESPONSE_BYTES_MAX = 1_048_576
const TEXT_LENGTH_MAX = 524_288

/** What a refused joiner reads. The inviter sends its code alone: it is a machine not yet trusted. */
const REFUSALS: readonly { readonly code: MembershipErrorCode; readonly sentence: string }[] = [
  {
    code: 'invitation-unknown',
    sentence: 'the inviter does not know this invitation; ask for a new one',
  },
  { code: 'invitation-expired', sentence: 'the invitation has expired; ask for a new one' },
  { code: 'invitation-used', sentence: 'the invitation has been used already; ask for a new one' },
  {
    code: 'inviter-revoked',
    sentence:
      'the admins have taken from the inviter what it admitted others by; ask another node for an invitation',
  },
  {
    code: 'inviter-stale',
    sentence:
      'the inviter has not heard of the witnesses of its mesh for too long and admits nobody; the invitation is not used up, so try again once it is connected',
  },
  {
    code: 'inviter-not-a-member',
    sentence:
      'the inviter is no member of its mesh now, or is quarantined; the invitation is not used up, so try again later, or ask another node for one',
  },
  {
    code: 'records-full',
    sentence:
      'the mesh of the inviter has no room for another member; the invitation is not used up',
  },
  {
    code: 'join-not-durable',
    sentence:
      'the inviter could not write down what it granted; ask for a new invitation once its disk has been seen to',
  },
  {
    code: 'membership-foreign',
    sentence: 'the inviter belongs to another mesh by now; ask for a new invitation',
  },
  {
    code: 'log-pending',
    sentence: "the inviter's clock is behind this one; set both clocks and try again",
  },
]

/** Lets the joiner in: everything in it proves itself. */
export function createJoinResponse({
  charter,
  membership,
  inviterLog,
  supporting = [],
}: JoinResponseInit): Uint8Array {
  const message = {
    type: RESPONSE_TYPE,
    v: 1,
    charter: charter.text,
    membership: membership.text,
    log: inviterLog,
    ...(supporting.length === 0 ? {} : { supporting }),
  }
  return utf8Bytes(canonicalJson(message))
}

/** What a joiner is told when the inviter refused it with this code. */
export function joinRefusal(code: string): MembershipError {
  const known = REFUSALS.find((refusal) => refusal.code === code)
  if (known !== undefined) return new MembershipError(known.code, known.sentence)
  return new MembershipError('join-refused', 'the inviter refused the request; look into its log')
}

/**
 * Verifies what came back: the charter is the one that the invitation pins, the membership is for
 * this machine and grants what was offered, the log is the inviter's and so is the channel.
 *
 * @throws MembershipError with the reason; nothing else, whatever the bytes
 */
export function verifyJoinResponse(check: JoinResponseCheck): Joined {
  const { suite, invitation, self, channel, nowMs } = check
  const record = parseJoinMessage(check.bytes, JOIN_RESPONSE_BYTES_MAX)
  const texts = readResponse(record)

  const charter = parseCharter(suite, texts.charter)
  if (charter.meshId !== invitation.meshId) {
    throw new MembershipError(
      'charter-foreign',
      'the charter is not the one that the invitation names',
    )
  }
  const { membership, records } = judge(RecordSet.empty(suite, charter), texts, nowMs)
  if (membership.scid !== self.scid) {
    throw new MembershipError(
      'membership-of-another',
      'the membership was issued to another identity',
    )
  }
  checkGrant(membership, invitation)
  const inviterScid = scidOf(invitation.inviter.did)
  const inviterLog = verifyMemberLog({ suite, text: texts.log, nowMs, scid: inviterScid })
  checkChannelKeys(inviterLog, channel)
  return { charter, membership, inviterLog, records }
}

/** The membership as a set takes it up that knows the charter and what came beside it. */
function judge(
  empty: RecordSet,
  texts: ResponseTexts,
  nowMs: number,
): { readonly membership: Membership; readonly records: readonly string[] } {
  const { set, refused } = empty.accept([...texts.supporting, texts.membership])
  const [refusal] = refused
  if (refusal !== undefined) throw membershipRefusal(refusal.error)
  const record = set.decode(texts.membership)
  if (record.type !== 'membership') {
    throw new MembershipError('membership-malformed', 'what came is no membership')
  }
  const { membership } = record
  const standing = standingRefusal(standingOf(set, membership.did, nowMs))
  if (standing !== undefined) throw standing
  return { membership, records: texts.supporting }
}

interface ResponseTexts {
  readonly charter: string
  readonly membership: string
  readonly log: string
  readonly supporting: readonly string[]
}

function readResponse(record: RecordReader): ResponseTexts {
  record.members(['type', 'v', 'charter', 'membership', 'log'], ['supporting'])
  record.constant('type', RESPONSE_TYPE)
  record.constant('v', 1)
  const rule = { lengthMax: TEXT_LENGTH_MAX }
  return {
    charter: record.text('charter', rule),
    membership: record.text('membership', rule),
    log: record.text('log', rule),
    supporting: record.has('supporting')
      ? record.texts('supporting', { ...rule, countMax: BESIDE_JOIN.countMax })
      : [],
  }
}

function checkGrant(membership: Membership, invitation: Invitation): void {
  const same =
    membership.enclave === invitation.enclave &&
    membership.roles.toSorted().join(' ') === invitation.roles.toSorted().join(' ')
  if (!same) {
    const message = 'the membership grants something else than the invitation offered'
    throw new MembershipError('join-mismatch', message)
  }
}
