/**
 * Who belongs to a mesh: its charter, the memberships that its admins sign, invitations, and the judgement at admission.
 *
 * Pure. Specified in docs/specs/membership.md.
 *
 * @packageDocumentation
 */
export { acceptJoin, type AcceptedJoin, type AcceptJoinInit } from './accept-join.ts'
export { adminSigner, type AdminSigner } from './admin-signer.ts'
export type { ChannelFacts } from './channel.ts'
export { type CharterAdmin, type Freshness, parseCharter, type VerifiedCharter } from './charter.ts'
export { type CharterInit, createCharter, type FreshnessSeconds } from './create-charter.ts'
export {
  type AdmittedMember,
  createHello,
  HELLO_BYTES_MAX,
  type HelloInit,
  type HelloQuestion,
  judgeHello,
} from './hello.ts'
export {
  createInvitation,
  type CreatedInvitation,
  type Invitation,
  invitationHash,
  type InvitationInit,
  parseInvitation,
} from './invitation.ts'
export { issueMembership, type MembershipGrant } from './issue-membership.ts'
export {
  createJoinRequest,
  JOIN_REQUEST_BYTES_MAX,
  type JoinRequest,
  type JoinRequestCheck,
  type JoinRequestInit,
  verifyJoinRequest,
} from './join-request.ts'
export {
  createJoinResponse,
  JOIN_RESPONSE_BYTES_MAX,
  type Joined,
  joinRefusal,
  type JoinResponseCheck,
  type JoinResponseInit,
  verifyJoinResponse,
} from './join-response.ts'
export { type Membership, type MembershipCheck, verifyMembership } from './membership.ts'
export { isPrintableName } from './record-reader.ts'
export { MembershipError, type MembershipErrorCode } from './membership-error.ts'
export {
  type Grant,
  type InvitationLedger,
  type InvitationQuestion,
  type InvitationRecord,
  type InvitationStanding,
  invitationStanding,
  judgeRedemption,
  redeemInvitation,
  type Redemption,
  type RedemptionResult,
} from './redeem-invitation.ts'
