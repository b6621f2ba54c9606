import { CodedError } from '@warren/core'

export type CapabilityErrorCode =
  | 'capability-too-large'
  | 'capability-malformed'
  | 'capability-schema'
  | 'capability-id-taken'
  | 'capability-id-ambiguous'
  | 'capability-chain-length'
  | 'capability-broken-chain'
  | 'capability-cycle'
  | 'capability-widened'
  | 'capability-too-deep'
  | 'capability-foreign-node'
  | 'capability-root-unknown'
  | 'capability-key-log-unknown'
  | 'capability-not-yet-valid'
  | 'capability-expired'
  | 'capability-revoked'
  | 'capability-unproved'
  | 'presentation-malformed'
  | 'presentation-foreign'
  | 'presentation-unproved'
  | 'presentation-exhausted'
  | 'capability-revocation-malformed'
  | 'capability-revocation-unproved'
  | 'capability-revocations-exhausted'

/** A capability, its presentation or its revocation was refused. Carries nothing that a peer wrote in its message. */
export class CapabilityError extends CodedError<CapabilityErrorCode> {
  override readonly name = 'CapabilityError'
}
