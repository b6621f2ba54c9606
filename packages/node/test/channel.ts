import { type Identity, peerIdOf } from '@warren/identity'
import type { Channel } from '@warren/network'

/** The channel that an identity has opened, as its other end sees it. */
export function channelOf(identity: Identity): Channel {
  return {
    peerId: peerIdOf(identity.nodeSigner.publicKey),
    ed25519Key: identity.nodeSigner.publicKey,
    mlDsa44Key: identity.mlDsaSigner.publicKey,
    handshakeHash: new Uint8Array(32),
    suite: 'Noise_XXhfs_25519+MLKEM768_ChaChaPoly_SHA256',
    remoteAddress: '/ip4/127.0.0.1/tcp/1',
    direction: 'inbound',
  }
}
