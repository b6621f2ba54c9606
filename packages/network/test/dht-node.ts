import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { nodeSuite } from '@warren/crypto'
import { ChannelBindings, HybridEncrypter } from '@warren/network'
import { createLibp2p, type Libp2p } from 'libp2p'
import { onTestFinished } from 'vitest'
import { MESH_ID } from './lab.ts'
import { type NodeServices } from '../src/libp2p-node.ts'
import { privateDht } from '../src/private-dht.ts'

/** A node with the DHT of the mesh and none of its doors. */
export async function dhtNode(): Promise<Libp2p<NodeServices>> {
  const privateKey = await generateKeyPair('Ed25519')
  const node = await createLibp2p({
    privateKey,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
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
    services: { identify: identify(), ping: ping(), dht: privateDht(MESH_ID) },
  })
  onTestFinished(async () => node.stop())
  return node as unknown as Libp2p<NodeServices>
}
