import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId, PeerInfo } from '@libp2p/interface'
import { EventTypes, type KadDHT, MessageType } from '@libp2p/kad-dht'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { namedNear } from '../src/private-dht.ts'
import type { NamedPeer } from '../src/random-walk.ts'

const never = new AbortController().signal

async function somebody(): Promise<PeerId> {
  return peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
}

function peer(id: PeerId, ...addresses: readonly string[]): PeerInfo {
  return { id, multiaddrs: addresses.map((address) => multiaddr(address)) }
}

/** Whom a look-up names in which one peer answers with these. */
async function named(from: PeerId, closer: PeerInfo[]): Promise<readonly NamedPeer[]> {
  const getClosestPeers: KadDHT['getClosestPeers'] = async function* () {
    await Promise.resolve()
    yield {
      type: EventTypes.PEER_RESPONSE,
      name: 'PEER_RESPONSE',
      messageType: MessageType.FIND_NODE,
      messageName: 'FIND_NODE',
      path: { index: 0, queued: 0, running: 0, total: 0 },
      from,
      closer,
      providers: [],
    }
  }
  return Array.fromAsync(namedNear({ getClosestPeers }, new Uint8Array(32), never))
}

test('an address that names another peer is none of this one', { tags: ['NET-41'] }, async () => {
  const [from, one, other] = await Promise.all([somebody(), somebody(), somebody()])
  const answer = await named(from, [
    peer(one, `/ip4/127.0.1.1/tcp/1/p2p/${other.toString()}`, '/ip4/127.0.1.2/tcp/1'),
    peer(other, `/ip4/127.0.1.3/tcp/1/p2p/${other.toString()}`),
  ])
  expect(answer.map(({ addresses }) => addresses)).toEqual([
    [`/ip4/127.0.1.2/tcp/1/p2p/${one.toString()}`],
    [`/ip4/127.0.1.3/tcp/1/p2p/${other.toString()}`],
  ])
})

test(
  'one answer names nobody twice, and four addresses of each',
  { tags: ['NET-41'] },
  async () => {
    const [from, one] = await Promise.all([somebody(), somebody()])
    const five = [1, 2, 3, 4, 5].map((host) => `/ip4/127.0.1.${host}/tcp/1`)
    const answer = await named(from, [peer(one, '/ip4/127.0.2.1/tcp/1'), peer(one, ...five)])
    expect(answer).toEqual([
      {
        peerId: one.toString(),
        addresses: five.slice(0, 4).map((address) => `${address}/p2p/${one.toString()}`),
      },
    ])
  },
)

test.for([19, 20, 21])(
  'of %i peers in one answer 20 are heard at most',
  { tags: ['NET-41'] },
  async (count) => {
    const from = await somebody()
    const many = await Promise.all(
      Array.from({ length: count }, async () => peer(await somebody())),
    )
    expect(await named(from, many)).toHaveLength(Math.min(count, 20))
  },
)
