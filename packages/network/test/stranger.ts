import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { nodeSuite } from '@warren/crypto'
import { ChannelBindings, HybridEncrypter } from '@warren/network'
import { createLibp2p } from 'libp2p'
import { onTestFinished } from 'vitest'
import { MESH_ID } from './lab.ts'

/** A connection of somebody who knows the mesh and passes the handshake, and then does what it likes. */
export async function strangerConnection(address: string): Promise<Connection> {
  const privateKey = await generateKeyPair('Ed25519')
  const node = await createLibp2p({
    privateKey,
    transports: [tcp()],
    connectionEncrypters: [
      (components) =>
        new HybridEncrypter(components, {
          suite: nodeSuite,
          identity: {
            ed25519: nodeSuite.ed25519.signer(privateKey.raw.slice(0, 32)),
            mlDsa44: nodeSuite.mlDsa44.signer(),
          },
          meshId: MESH_ID,
          bindings: new ChannelBindings(),
        }),
    ],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
  })
  onTestFinished(async () => node.stop())
  return node.dial(multiaddr(address))
}

/** Resolves when the connection has ended. */
export function closed(connection: Connection): Promise<void> {
  return new Promise((resolve) => {
    if (connection.status !== 'open') resolve()
    connection.addEventListener('close', () => resolve())
  })
}
