import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { bareNode } from './bare-node.ts'

async function somebody(): Promise<PeerId> {
  return peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
}

function addresses(count: number): { multiaddrs: ReturnType<typeof multiaddr>[] } {
  const numbers = Array.from({ length: count }, (_, index) => index + 1)
  return { multiaddrs: numbers.map((port) => multiaddr(`/ip4/192.0.2.1/tcp/${port}`)) }
}

test(
  'of the peers that others name, no more are kept than allowed',
  { tags: ['NET-20', 'THR-21'] },
  async () => {
    const { node } = await bareNode({ storedRecordsMax: 4 })
    const used = await somebody()
    await node.peerStore.merge(used, addresses(1))
    for (let count = 0; count < 8; count += 1) {
      await node.peerStore.merge(await somebody(), addresses(1))
      // Who is asked for stays; the others go in the order in which they came.
      await node.peerStore.get(used)
    }
    expect(await node.peerStore.all()).toHaveLength(4)
    expect(await node.peerStore.has(used)).toBe(true)
  },
)

test('what is kept of one peer is bounded', { tags: ['NET-20', 'THR-21'] }, async () => {
  const { node } = await bareNode({ storedRecordBytesMax: 1_000 })
  const peer = await somebody()
  await node.peerStore.merge(peer, addresses(10))
  await expect(node.peerStore.merge(peer, addresses(200))).rejects.toMatchObject({
    code: 'message-too-long',
  })
  expect((await node.peerStore.get(peer)).addresses).toHaveLength(10)
})
