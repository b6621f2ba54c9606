import { authenticationKeys, type VerifiedLog } from '@warren/identity'
import { equals } from 'uint8arrays/equals'
import { MembershipError } from './membership-error.ts'

/** What the secure channel proved about its other end; network's channel satisfies it. */
export interface ChannelFacts {
  readonly peerId: string
  /** The Ed25519 key that signed the handshake, 32 bytes. */
  readonly ed25519Key: Uint8Array
  /** The ML-DSA-44 key that signed the handshake, 1312 bytes. */
  readonly mlDsa44Key: Uint8Array
  readonly handshakeHash: Uint8Array
}

/**
 * Requires that both keys which the channel proved stand in `authentication` of the newest document.
 *
 * @throws MembershipError `key-mismatch`, or `log-pending` when the log has entries that are not in force yet
 */
export function checkChannelKeys(log: VerifiedLog, channel: ChannelFacts): void {
  const { ed25519, mlDsa44 } = authenticationKeys(log.document)
  const holds =
    ed25519.some((key) => equals(key, channel.ed25519Key)) &&
    mlDsa44.some((key) => equals(key, channel.mlDsa44Key))
  if (holds) return
  if (log.pending.length > 0) {
    const message = 'the key log has entries of the future; check the clocks of both machines'
    throw new MembershipError('log-pending', message)
  }
  const message = 'the channel was made with keys that are not those of this identity'
  throw new MembershipError('key-mismatch', message)
}
