import { formatTimestamp } from '@warren/identity'
import { MembershipError, type MembershipErrorCode } from '../membership-error.ts'
import type { Standing } from './standing.ts'

const UNKNOWN: Readonly<
  Record<
    Extract<Standing, { status: 'unknown' }>['why'],
    { readonly code: MembershipErrorCode; readonly sentence: string }
  >
> = {
  'no-membership': {
    code: 'not-a-member',
    sentence: 'this machine is not a member of the mesh; join it first',
  },
  expired: {
    code: 'membership-expired',
    sentence: 'the membership has expired; ask an admin for a new one',
  },
  'not-yet-valid': {
    code: 'membership-not-yet-valid',
    sentence: 'the membership is not valid yet; check the clocks of both machines',
  },
  'not-granted': {
    code: 'membership-not-granted',
    sentence:
      'whoever signed the membership may not any more, and no witness saw it in time; ask an admin for a new one',
  },
}

/** Why somebody who stands so is not admitted; undefined for a member. */
export function standingRefusal(standing: Standing): MembershipError | undefined {
  if (standing.status === 'member') return undefined
  if (standing.status === 'revoked') {
    const sentence = `the admins have revoked this member: ${standing.reason}`
    return new MembershipError('membership-revoked', sentence)
  }
  if (standing.status === 'quarantined') {
    const until = formatTimestamp(standing.untilMs)
    const sentence = `an admin keeps this member out until ${until}: ${standing.reason}`
    return new MembershipError('membership-quarantined', sentence)
  }
  const { code, sentence } = UNKNOWN[standing.why]
  return new MembershipError(code, sentence)
}

/** A membership that is refused is called by its name. */
const MEMBERSHIP_CODES: ReadonlyMap<MembershipErrorCode, MembershipErrorCode> = new Map<
  MembershipErrorCode,
  MembershipErrorCode
>([
  ['record-too-large', 'membership-too-large'],
  ['record-malformed', 'membership-malformed'],
  ['record-foreign', 'membership-foreign'],
  ['record-unproved', 'membership-unproved'],
  ['signer-unknown', 'membership-unproved'],
])

/** The error for a membership that a set does not take up. */
export function membershipRefusal(error: MembershipError): MembershipError {
  const code = MEMBERSHIP_CODES.get(error.code)
  return code === undefined ? error : new MembershipError(code, error.message, { cause: error })
}
