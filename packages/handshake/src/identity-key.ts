import { concat } from 'uint8arrays/concat'
import { equals } from 'uint8arrays/equals'
import { HandshakeError, type HandshakeStep } from './handshake-error.ts'

/** libp2p PublicKey protobuf: field 1 key type Ed25519 (1), field 2 data of 32 bytes. */
const ED25519_PREFIX = Uint8Array.of(0x08, 0x01, 0x12, 0x20)
const ED25519_KEY_BYTES = 32

/** The libp2p encoding of an Ed25519 public key. 36 bytes. */
export function encodeIdentityKey(ed25519Key: Uint8Array): Uint8Array {
  return concat([ED25519_PREFIX, ed25519Key])
}

/** The Ed25519 public key, 32 bytes, of its libp2p encoding; the one canonical encoding and no other. */
export function decodeIdentityKey(bytes: Uint8Array, step: HandshakeStep): Uint8Array {
  if (
    bytes.length !== ED25519_PREFIX.length + ED25519_KEY_BYTES ||
    !equals(bytes.subarray(0, ED25519_PREFIX.length), ED25519_PREFIX)
  ) {
    throw new HandshakeError('identity-key-malformed', step)
  }
  return bytes.slice(ED25519_PREFIX.length)
}
