import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { nodeSuite } from '@warren/crypto'
import { ChannelBindings, NETWORK_LIMITS, type NetworkLimits } from '@warren/network'
import type { Libp2p } from 'libp2p'
import { onTestFinished } from 'vitest'
import { ConnectionGate } from '../src/connection-gate.ts'
import { Expulsions } from '../src/expulsions.ts'
import { InboundAllowance } from '../src/inbound-allowance.ts'
import { createNode, type NodeServices } from '../src/libp2p-node.ts'
import { NetworkError } from '../src/network-error.ts'
import { clock, MESH_ID } from './lab.ts'

export interface BareNode {
  readonly node: Libp2p<NodeServices>
  readonly bindings: ChannelBindings
  readonly limits: NetworkLimits
}

/** The libp2p node that we make, without what decides about its connections. It is stopped when the test ends. */
export async function bareNode(changed: Partial<NetworkLimits> = {}): Promise<BareNode> {
  const limits = { ...NETWORK_LIMITS, ...changed }
  const bindings = new ChannelBindings()
  const seed = nodeSuite.randomBytes(32)
  const node = await createNode({
    init: {
      suite: nodeSuite,
      clock,
      privateIdentity: {
        ed25519: nodeSuite.ed25519.signer(seed),
        mlDsa44: nodeSuite.mlDsa44.signer(),
      },
      meshId: MESH_ID,
      listen: [],
      staticPeers: [],
      discovery: { enabled: false },
      admission: { hello: () => new Uint8Array(), judge: refuse },
      logger: { log: () => {} },
    },
    limits,
    bindings,
    gate: new ConnectionGate(new InboundAllowance(clock, limits), new Expulsions(clock, 1)),
    peerId: peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', seed)).toString(),
    onLanPeer: () => {},
  })
  onTestFinished(async () => node.stop())
  return { node, bindings, limits }
}

export async function refuse(): Promise<never> {
  throw new NetworkError('protocol-refused', 'not in this test')
}
