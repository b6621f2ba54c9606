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
  | 'membership-revoked'
  | 'membership-quarantined'
  | 'membership-not-granted'
  | 'key-revoked'
  | 'not-a-member'
  | 'record-too-large'
  | 'record-malformed'
  | 'record-foreign'
  | 'record-unproved'
  | 'record-invalid'
  | 'records-full'
  | 'records-withheld'
  | 'sync-malformed'
  | 'signer-unknown'
  | 'predecessor-unknown'
  | 'nonce-unknown'
  | 'inclusion-unproved'
  | 'unwitnessed'
  | 'staple-too-large'
  | 'staple-malformed'
  | 'staple-foreign'
  | 'staple-unproved'
  | 'staple-outdated'
  | 'staple-future'
  | 'staple-not-ready'
  | 'request-too-large'
  | 'request-malformed'
  | 'request-foreign'
  | 'request-mismatch'
  | 'request-outdated'
  | 'request-incomplete'
  | 'not-asked'
  | 'signed-already'
  | 'public-keys-too-large'
  | 'public-keys-malformed'
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

const WAITS: ReadonlySet<MembershipErrorCode> = new Set(['signer-unknown', 'predecessor-unknown'])

/** Whether a record was refused for no more than that who signed it, or what it follows, is not known yet. */
export function waitsForOthers({ code }: MembershipError): boolean {
  return WAITS.has(code)
}
