/**
 * Who belongs to a mesh: its charter, the memberships that its admins sign, invitations, and the judgement at admission.
 *
 * Pure. Specified in docs/specs/membership.md.
 *
 * @packageDocumentation
 */
export { acceptJoin, type AcceptedJoin, type AcceptJoinInit } from './accept-join.ts'
export { type AdminSigner, adminSigner, publicPair, signByAdmins } from './admin-signer.ts'
export { combineRequests } from './ceremony/combine-requests.ts'
export { describe } from './ceremony/describe.ts'
export {
  JOIN_FILE_LENGTH_MAX,
  type JoinFile,
  readJoinFile,
  writeJoinFile,
} from './ceremony/join-file.ts'
export {
  decodePublicPair,
  encodePublicPair,
  PUBLIC_PAIR_LENGTH_MAX,
} from './ceremony/public-pair.ts'
export { explain, type Reason } from './ceremony/explain.ts'
export {
  completedRecords,
  requestFingerprint,
  requestState,
  type RequestState,
} from './ceremony/request-state.ts'
export type { RequestedRecord, RequestStatement } from './ceremony/requested-record.ts'
export { type RequestSigning, type SigningPair, signRequest } from './ceremony/sign-request.ts'
export {
  createRequest,
  decodeRequest,
  encodeRequest,
  REQUEST_LENGTH_MAX,
  type RequestInit,
  type SigningRequest,
} from './ceremony/signing-request.ts'
export type { ChannelFacts } from './channel.ts'
export {
  adminThresholdMin,
  type CharterAdmin,
  type FreshnessLimits,
  parseCharter,
  type VerifiedCharter,
} from './charter.ts'
export {
  type CharterInit,
  type CharterWish,
  createCharter,
  type FreshnessSeconds,
  witnessThreshold,
  writeCharter,
} from './create-charter.ts'
export {
  BEACON_LENGTH_MAX,
  decodeBeacon,
  type WitnessContext,
  witnessContext,
} from './freshness/decode-beacon.ts'
export {
  CHALLENGE_LENGTH_MAX,
  decodeChallenge,
  decodeResponse,
  encodeChallenge,
  type FreshResponse,
  NONCE_BYTES,
  nonceText,
  RESPONSE_LENGTH_MAX,
  type ResponseTexts,
} from './freshness/fresh-response.ts'
export { type BootInit, Freshness, type Observation } from './freshness/freshness.ts'
export {
  betterOf,
  type CountedWitness,
  type FreshnessJudgement,
  type FreshnessState,
  type IslandServer,
  type MissingWitness,
  unwitnessedTime,
} from './freshness/freshness-judgement.ts'
export type { MeshTimeSpan } from './freshness/mesh-time.ts'
export type { CheckpointDraft } from './freshness/next-checkpoint.ts'
export { ANSWER_MS_MAX } from './freshness/open-nonces.ts'
export {
  BEACON_MS_MIN,
  CHECKPOINT_MS_MIN,
  type DutyInit,
  type DutyQuestion,
  type OwnBeacon,
  type OwnResponse,
  WitnessDuty,
  type WitnessState,
} from './freshness/witness-duty.ts'
export type { BeaconOutcome, HeardRefusal } from './freshness/witness-entry.ts'
export { islandsOf, panelOf, type WitnessPanel } from './freshness/witness-panel.ts'
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
export { grantMembership, type MembershipIssuer } from './grant-membership.ts'
export {
  issueMembership,
  memberKeys,
  type MembershipGrant,
  type MembershipWish,
  randomUuid,
  writeMembership,
  writeRenewal,
} from './issue-membership.ts'
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
export {
  claimedPolicySigners,
  createPolicySet,
  decodePolicySet,
  encodePolicySet,
  POLICY_SET_LENGTH_MAX,
  type PolicySetFile,
  type PolicySetManifest,
  type PolicySetSigners,
  type PolicySetTerms,
  signPolicySet,
  verifyPolicySet,
} from './policy-set/policy-set-manifest.ts'
export { CONTENT_ID_RULE, ROLES_RULE, URN_UUID_RULE } from './labels.ts'
export { fitsRule, isPrintableLine, isPrintableName } from './record-reader.ts'
export { type Beacon, readBeacon } from './records/beacon.ts'
export { RECORD_LENGTH_MAX } from './records/decode-record.ts'
export { ISLAND_SERVERS_MAX } from './records/read-grants.ts'
export { REASON_LENGTH_MAX } from './records/read-revocation.ts'
export { keyringOf, pairName } from './records/keyring.ts'
export {
  type AdminChangeRecord,
  type AuditForkRecord,
  type CheckpointRecord,
  classOf,
  type EnrollerRecord,
  type ForkProofRecord,
  type IslandRecord,
  type LogPosition,
  type MembershipRecord,
  type MeshRecord,
  type QuarantineRecord,
  type ReadmissionRecord,
  type RecordClass,
  type RecordType,
  type RevocationClass,
  type RevocationRecord,
  type RevocationTarget,
} from './records/mesh-record.ts'
export { writeAuditFork } from './records/read-audit-fork.ts'
export {
  writeAdminChange,
  writeBeacon,
  writeCheckpoint,
  writeEnroller,
  writeForkProof,
  writeIsland,
  writeQuarantine,
  writeReadmission,
  writeRevocation,
} from './records/write-records.ts'
export { type AdminSet, keysHash } from './set/admin-set.ts'
export { authorityRecords } from './set/authority-records.ts'
export { TARGETS_OF_K_MAX } from './set/check-signed.ts'
export { isInOffice } from './set/is-enrolled.ts'
export { isGranted } from './set/is-granted.ts'
export { IdTrie, type TrieSummary } from './set/id-trie.ts'
export {
  type InclusionClaim,
  type InclusionProof,
  PROOF_LENGTH_MAX,
  verifyInclusion,
} from './set/inclusion-proof.ts'
export { memberList, type MemberSummary } from './set/member-list.ts'
export { formerKeys } from './set/former-keys.ts'
export { newestMembership } from './set/newest-membership.ts'
export { type Acceptance, RecordSet, type Refusal } from './set/record-set.ts'
export { membershipRefusal, standingRefusal } from './set/standing-refusal.ts'
export { revocationsOfKey, revocationsOfKeys } from './set/removals.ts'
export {
  type FreshnessView,
  inView,
  type KnownStanding,
  type StaleStanding,
} from './set/stale-standing.ts'
export {
  type Standing,
  type StandingMoment,
  standingOf,
  type StandingStatus,
} from './set/standing.ts'
export { STAPLE_LENGTH_MAX } from './staple/staple.ts'
export { type MadeStaple, StapleDraft, type StapleInit } from './staple/staple-draft.ts'
export {
  type StapleClock,
  type StapleQuestion,
  type VerifiedStaple,
  verifyStaple,
} from './staple/verify-staple.ts'
export { RecordSync, type RecordSyncInit } from './sync/record-sync.ts'
export type { GossipWord, SyncEffect } from './sync/sync-effect.ts'
export type { SyncEvent } from './sync/sync-event.ts'
export type { SyncLimits } from './sync/sync-limits.ts'
export { MembershipError, type MembershipErrorCode, waitsForOthers } from './membership-error.ts'
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
