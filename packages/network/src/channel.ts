/** What the handshake of one connection has proved, and where the connection leads. */
export interface Channel {
  readonly peerId: string
  /** The peer's Ed25519 key, 32 bytes: the one that the peer id names. */
  readonly ed25519Key: Uint8Array
  /** The peer's ML-DSA-44 key, 1312 bytes: proved to be held by the peer, not to belong to anybody. */
  readonly mlDsa44Key: Uint8Array
  /** 32 bytes, the same on both sides and different for every connection. */
  readonly handshakeHash: Uint8Array
  /** The Noise name of the negotiated suite. */
  readonly suite: string
  readonly remoteAddress: string
  readonly direction: 'inbound' | 'outbound'
}
