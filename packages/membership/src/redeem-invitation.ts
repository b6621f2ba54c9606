import { MembershipError } from './membership-error.ts'

export interface InvitationQuestion {
  /** SHA-256 of the secret, 32 bytes. */
  readonly secretHash: Uint8Array
  /** Wall-clock milliseconds since 1970. */
  readonly nowMs: number
}

export interface Redemption extends InvitationQuestion {
  /** Who uses it. */
  readonly did: string
}

/** Whether an invitation can be used, and if not, why. */
export type InvitationStanding = 'open' | 'unknown' | 'expired' | 'used'

export interface Grant {
  readonly enclave: string
  readonly roles: readonly string[]
}

export type RedemptionResult =
  | { readonly status: 'ok'; readonly grant: Grant }
  | { readonly status: Exclude<InvitationStanding, 'open'> }

/** Where the inviter keeps the hashes of its invitations. */
export interface InvitationLedger {
  /** How an invitation stands; changes nothing, and costs one look-up whatever the asker sent. */
  standing(question: InvitationQuestion): InvitationStanding
  /** What using an invitation would give; changes nothing. */
  offered(question: InvitationQuestion): RedemptionResult
  /** Uses an invitation: `ok` once in its life, and that must be durable when this returns. */
  redeem(redemption: Redemption): RedemptionResult
}

/** One invitation as its inviter remembers it: without the secret. */
export interface InvitationRecord extends Grant {
  readonly expiresMs: number
  /** Who used it. */
  readonly usedBy: string | undefined
}

/**
 * Says how an invitation stands: the rule that every ledger keeps.
 *
 * A used one stays used, also for the machine that used it: an answer that got lost needs a new
 * invitation. At `expiresMs` sharp it has expired; no skew is granted, for one clock judges both ends.
 */
export function invitationStanding(
  record: InvitationRecord | undefined,
  nowMs: number,
): InvitationStanding {
  if (record === undefined) return 'unknown'
  if (record.usedBy !== undefined) return 'used'
  if (nowMs >= record.expiresMs) return 'expired'
  return 'open'
}

/** Decides one attempt to use an invitation. */
export function judgeRedemption(
  record: InvitationRecord | undefined,
  { did, nowMs }: Redemption,
): { readonly result: RedemptionResult; readonly record: InvitationRecord | undefined } {
  const standing = invitationStanding(record, nowMs)
  if (record === undefined) return { result: { status: 'unknown' }, record }
  if (standing !== 'open') return { result: { status: standing }, record }
  const { enclave, roles } = record
  return { result: { status: 'ok', grant: { enclave, roles } }, record: { ...record, usedBy: did } }
}

const SENTENCES = {
  unknown: 'this node gave out no such invitation',
  expired: 'the invitation has expired; ask for a new one',
  used: 'the invitation has been used; ask for a new one',
} as const

/**
 * Refuses an invitation that cannot be used, before anything that costs more is looked at.
 *
 * @throws MembershipError `invitation-unknown`, `invitation-expired`, `invitation-used`
 */
export function checkInvitation(
  ledger: Pick<InvitationLedger, 'standing'>,
  question: InvitationQuestion,
): void {
  const standing = ledger.standing(question)
  if (standing !== 'open') throw unusable(standing)
}

/**
 * What an invitation that can be used grants.
 *
 * @throws MembershipError `invitation-unknown`, `invitation-expired`, `invitation-used`
 */
export function offeredGrant(
  ledger: Pick<InvitationLedger, 'offered'>,
  question: InvitationQuestion,
): Grant {
  const result = ledger.offered(question)
  if (result.status === 'ok') return result.grant
  throw unusable(result.status)
}

/**
 * Uses an invitation or says why not.
 *
 * @throws MembershipError `invitation-unknown`, `invitation-expired`, `invitation-used`
 */
export function redeemInvitation(
  ledger: Pick<InvitationLedger, 'redeem'>,
  redemption: Redemption,
): Grant {
  const result = ledger.redeem(redemption)
  if (result.status === 'ok') return result.grant
  throw unusable(result.status)
}

function unusable(standing: keyof typeof SENTENCES): MembershipError {
  return new MembershipError(`invitation-${standing}`, SENTENCES[standing])
}
