import { CodedError } from '@warren/core'

export type NodeErrorCode =
  | 'already-initialised'
  | 'init-unfinished'
  | 'not-initialised'
  | 'node-not-running'
  | 'control-malformed'
  | 'control-too-long'
  | 'control-closed'
  | 'control-unsafe'
  | 'no-admin-key'
  | 'no-such-server'
  | 'join-failed'
  | 'not-a-member-yet'
  | 'call-failed'
  | 'call-refused'
  | 'call-timeout'
  | 'address-unusable'
  | 'policies-open'
  | 'policies-unreadable'
  | 'keys-foreign'
  | 'records-altered'
  | 'knowledge-stale'
  | 'policy-exists'
  | 'role-malformed'
  | 'name-malformed'
  | 'enclave-malformed'

/** What the node as a whole could not do, in words that say what to do about it. */
export class NodeError extends CodedError<NodeErrorCode> {
  override readonly name = 'NodeError'
}
