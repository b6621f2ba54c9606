import { concat } from 'uint8arrays/concat'
import { decodeBase58, encodeBase58 } from './base-encoding.ts'
import { IdentityError } from './identity-error.ts'

/** Identity multihash of 36 bytes, then the libp2p PublicKey protobuf: type Ed25519, data of 32 bytes. */
const PEER_ID_PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)
const KEY_BYTES = 32
const PEER_ID_LENGTH_MAX = 64

/**
 * The PeerId (`12D3KooW…`) of an Ed25519 public key of 32 bytes: the same key in libp2p's wrapping.
 *
 * @throws IdentityError `peer-id-malformed` when the key has a wrong length
 */
export function peerIdOf(ed25519PublicKey: Uint8Array): string {
  if (ed25519PublicKey.length !== KEY_BYTES) {
    throw new IdentityError('peer-id-malformed', `an Ed25519 key has ${KEY_BYTES} bytes`)
  }
  return encodeBase58(concat([PEER_ID_PREFIX, ed25519PublicKey]))
}

/**
 * The Ed25519 public key, 32 bytes, that a PeerId carries.
 *
 * @throws IdentityError `peer-id-malformed` for every other kind of PeerId
 */
export function ed25519KeyOfPeerId(peerId: string): Uint8Array {
  const bytes = decodeBase58(peerId, PEER_ID_LENGTH_MAX)
  if (
    bytes?.length !== PEER_ID_PREFIX.length + KEY_BYTES ||
    PEER_ID_PREFIX.some((byte, index) => bytes[index] !== byte)
  ) {
    throw new IdentityError('peer-id-malformed', 'the PeerId is not that of an Ed25519 key')
  }
  return bytes.slice(PEER_ID_PREFIX.length)
}
