import { CodedError } from '@warren/core'

export type NetworkErrorCode =
  // this node
  | 'network-not-running'
  | 'port-taken'
  | 'address-malformed'
  // reaching a peer
  | 'peer-unknown'
  | 'peer-unreachable'
  | 'channel-refused'
  | 'peer-lost'
  | 'peer-silent'
  | 'peer-duplicate'
  | 'peer-expelled'
  // the secured channel
  | 'channel-mismatch'
  | 'channel-muxer-missing'
  | 'channel-frame-invalid'
  | 'channel-unbound'
  // admission and joining
  | 'admission-refused-by-us'
  | 'admission-refused-by-peer'
  | 'admission-timeout'
  | 'admission-malformed'
  | 'join-unavailable'
  | 'message-too-long'
  | 'message-malformed'
  | 'gossip-rejected'
  // records
  | 'settle-timeout'
  | 'records-cut'
  | 'records-ended'
  // streams and calls
  | 'protocol-refused'
  | 'stream-reset'
  | 'stream-truncated'
  | 'stream-over'
  | 'stream-consumed'
  | 'write-queue-full'
  | 'call-session-failed'
  | 'call-ended-by-peer'
  | 'call-unhandled'
  | 'call-abandoned'
  | 'calls-exhausted'
  // audit logs
  | 'audit-exhausted'

/**
 * Something between two nodes did not work. Carries no bytes of a peer.
 *
 * `peerCode` is the stable code that the peer gave for ending a call or refusing us, checked
 * for its shape and for nothing else: it is the peer's word.
 */
export class NetworkError extends CodedError<NetworkErrorCode> {
  override readonly name = 'NetworkError'
  readonly peerCode: string | undefined

  constructor(
    code: NetworkErrorCode,
    message: string,
    options?: ErrorOptions & { readonly peerCode?: string },
  ) {
    super(code, message, options)
    this.peerCode = options?.peerCode
  }
}
