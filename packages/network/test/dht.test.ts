import type { KadDHT } from '@libp2p/kad-dht'
import { expect, test } from 'vitest'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { dhtStatus } from '../src/private-dht.ts'
import { dhtNode } from './dht-node.ts'
import { connectedPair, MESH_ID, until } from './lab.ts'

test(
  'admitted peers stand in the routing table of a server, and the expelled do not',
  { tags: ['NET-18', 'NET-11'] },
  async () => {
    const { near, far } = await connectedPair()
    await until(() => near.network.dht().peers === 1 && far.network.dht().peers === 1)
    expect(near.network.dht()).toEqual({
      protocol: '/warren/zQmTestMesh/kad/1.0.0',
      mode: 'server',
      peers: 1,
    })
    await far.network.expel(near.did, 'member-revoked')
    expect(far.network.dht().peers).toBe(0)
  },
)

/** How many nodes took the value. */
async function acceptances(events: ReturnType<KadDHT['put']>): Promise<number> {
  let accepted = 0
  try {
    for await (const event of events) {
      if (event.name === 'PEER_RESPONSE' && event.messageName === 'PUT_VALUE') accepted += 1
    }
  } catch {
    // The node's own check refuses it before anybody is asked: as good.
  }
  return accepted
}

test('every value is refused, of our own node and of others', { tags: ['NET-18'] }, async () => {
  const [near, far] = await Promise.all([dhtNode(), dhtNode()])
  await near.dial(far.getMultiaddrs())
  const { dht } = near.services
  await until(() => dhtStatus(dht, MESH_ID).peers === 1)
  const { publicKey } = near.peerId
  const ownKey = publicKey === undefined ? new Uint8Array(1) : publicKeyToProtobuf(publicKey)
  const ownKeyName = Buffer.concat([Buffer.from('/pk/'), near.peerId.toMultihash().bytes])
  for (const name of [ownKeyName, Buffer.from('/warren/tool'), Buffer.from('plain')]) {
    expect(await acceptances(dht.put(name, ownKey))).toBe(0)
    await expect(far.contentRouting.get(name)).rejects.toThrow('All promises were rejected')
  }
})
