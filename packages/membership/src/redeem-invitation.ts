import { MembershipError } from './membership-error.ts'

export interface Redemption {
  /** SHA-256 of the secret, 32 bytes. */
  readonly secretHash: Uint8Array
  /** Who uses it. */
  readonly did: string
  /** Wall-clock milliseconds since 1970. */
  readonly nowMs: number
}

export interface Grant {
  readonly enclave: string
  readonly roles: readonly string[]
}

export type RedemptionResult =
  | { readonly status: 'ok'; readonly grant: Grant }
  | { readonly status: 'unknown' | 'expired' | 'used' }

/** Where the inviter keeps the hashes of its invitations. */
export interface InvitationLedger {
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
 * Decides one attempt to use an invitation: the rule that every ledger keeps.
 *
 * A used one stays used, also for the machine that used it: an answer that got lost needs a new
 * invitation. At `expiresMs` sharp it has expired; no skew is granted, for one clock judges both ends.
 */
export function judgeRedemption(
  record: InvitationRecord | undefined,
  { did, nowMs }: Redemption,
): { readonly result: RedemptionResult; readonly record: InvitationRecord | undefined } {
  if (record === undefined) return { result: { status: 'unknown' }, record }
  if (record.usedBy !== undefined) return { result: { status: 'used' }, record }
  if (nowMs >= record.expiresMs) return { result: { status: 'expired' }, record }
  const { enclave, roles } = record
  return { result: { status: 'ok', grant: { enclave, roles } }, record: { ...record, usedBy: did } }
}

const SENTENCES = {
  unknown: 'this node gave out no such invitation',
  expired: 'the invitation has expired; ask for a new one',
  used: 'the invitation has been used; ask for a new one',
} as const

/**
 * Uses an invitation or says why not.
 *
 * @throws MembershipError `invitation-unknown`, `invitation-expired`, `invitation-used`
 */
export function redeemInvitation(ledger: InvitationLedger, redemption: Redemption): Grant {
  const result = ledger.redeem(redemption)
  if (result.status === 'ok') return result.grant
  throw new MembershipError(`invitation-${result.status}`, SENTENCES[result.status])
}
