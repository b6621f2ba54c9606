import { CodedError } from '@warren/core'

export type IdentityErrorCode =
  | 'did-too-long'
  | 'did-malformed'
  | 'multikey-malformed'
  | 'multikey-unsupported'
  | 'peer-id-malformed'
  | 'time-malformed'
  | 'document-malformed'
  | 'log-too-long'
  | 'log-malformed'
  | 'log-off-profile'
  | 'log-foreign'
  | 'log-rollback'
  | 'log-fork'
  | 'log-deactivated'
  | 'entry-malformed'
  | 'entry-out-of-order'
  | 'entry-in-future'
  | 'scid-mismatch'
  | 'hash-chain-broken'
  | 'key-not-precommitted'
  | 'key-reused'
  | 'proof-malformed'
  | 'proof-unknown-suite'
  | 'proof-unexpected'
  | 'proof-missing'
  | 'proof-invalid'
  | 'credential-malformed'
  | 'credential-foreign-issuer'
  | 'credential-not-yet-valid'
  | 'credential-expired'
  | 'seeds-malformed'
  | 'seeds-mismatch'
  | 'identity-wiped'
  | 'sidecar-malformed'
  | 'sidecar-incomplete'
  | 'sidecar-foreign'

/** Something that names or proves an identity was refused. Carries no key and no bytes of a peer in its message. */
export class IdentityError extends CodedError<IdentityErrorCode> {
  override readonly name = 'IdentityError'
}

/**
 * Two valid logs of one DID contradict each other: its controller, or a thief of its key, signed both.
 *
 * Both entries are verified, so each is evidence that anybody can check; `known` was seen first and stands.
 */
export class LogForkError extends IdentityError {
  /** The entry that was seen first, one canonical JSON text. */
  readonly knownEntry: string
  /** The entry of the same number that contradicts it, one canonical JSON text. */
  readonly presentedEntry: string

  constructor(evidence: { readonly knownEntry: string; readonly presentedEntry: string }) {
    super('log-fork', 'the log contradicts the log that was seen first')
    this.knownEntry = evidence.knownEntry
    this.presentedEntry = evidence.presentedEntry
  }
}
