import { CodedError } from '@warren/core'

export type MembershipErrorCode =
  | 'charter-too-large'
  | 'charter-malformed'
  | 'charter-unproved'
  | 'charter-foreign'
  | 'membership-too-large'
  | 'membership-malformed'
  | 'membership-unproved'
  | 'membership-foreign'
  | 'membership-of-another'
  | 'membership-expired'
  | 'membership-not-yet-valid'
  | 'not-a-member'
  | 'record-too-large'
  | 'record-malformed'
  | 'record-foreign'
  | 'record-unproved'
  | 'record-invalid'
  | 'signer-unknown'
  | 'predecessor-unknown'
  | 'invitation-too-large'
  | 'invitation-malformed'
  | 'invitation-unknown'
  | 'invitation-expired'
  | 'invitation-used'
  | 'hello-too-large'
  | 'hello-malformed'
  | 'join-too-large'
  | 'join-malformed'
  | 'join-unproved'
  | 'join-mismatch'
  | 'join-refused'
  | 'channel-mismatch'
  | 'key-mismatch'
  | 'log-invalid'
  | 'log-rollback'
  | 'log-fork'
  | 'log-deactivated'
  | 'log-pending'

/**
 * Somebody or something is not admitted. The message says what to do about it, and carries no
 * secret and no raw bytes of a peer.
 */
export class MembershipError extends CodedError<MembershipErrorCode> {
  override readonly name = 'MembershipError'
}
