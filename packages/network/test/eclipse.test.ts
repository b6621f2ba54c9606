import type { MeshPort, NetworkLimits, PinnedContact } from '@warren/network'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, test } from 'vitest'
import { InboundAllowance } from '../src/inbound-allowance.ts'
import { NETWORK_LIMITS } from '../src/network-limits.ts'
import { protectPeer } from '../src/protect-peer.ts'
import { bareNode } from './bare-node.ts'
import { clock, type LabNode, labNode, until } from './lab.ts'

/** A dozen nodes at once, on a machine that may be busy. */
const PATIENCE_MS = 20_000
const QUICK: Partial<NetworkLimits> = { seekIntervalMs: 50, walkFirstMs: 0, diversityGraceMs: 0 }

/** A mesh whose members are these, as the records of a node would say it. */
function meshOf(
  members: () => readonly LabNode[],
  known: { readonly witnesses?: () => readonly LabNode[]; readonly pinned?: () => PinnedContact },
): MeshPort {
  return {
    didOf: (peerId) => members().find(({ network }) => network.peerId === peerId)?.did,
    member: (did) => {
      if (!members().some((node) => node.did === did)) return undefined
      const isWitness = (known.witnesses?.() ?? []).some((node) => node.did === did)
      return { enclave: 'hall', isWitness }
    },
    pinned: () => known.pinned?.(),
  }
}

/** Eight members of one network that know of nobody but one another, and connect to one another. */
async function ring(): Promise<readonly LabNode[]> {
  const first = await labNode({ listen: ['/ip4/127.0.1.1/tcp/0'] })
  const others = await Promise.all(
    Array.from({ length: 7 }, async (_, index) =>
      labNode({ listen: [`/ip4/127.0.1.${index + 2}/tcp/0`], staticPeers: [first.address] }),
    ),
  )
  await until(() => first.network.peers().length === others.length, PATIENCE_MS)
  return [first, ...others]
}

function isConnected({ network }: LabNode, { did }: LabNode): boolean {
  return network.peers().some((peer) => peer.did === did)
}

describe(
  'eight neighbours of one network that hide everything',
  { tags: ['THR-35'], timeout: PATIENCE_MS },
  () => {
    test('a node comes to its pinned witness all the same', { tags: ['NET-42'] }, async () => {
      const [liars, witness] = await Promise.all([
        ring(),
        labNode({ listen: ['/ip4/127.0.2.1/tcp/0'] }),
      ])
      expect(liars.some((liar) => isConnected(liar, witness))).toBe(false)
      const pinned = (): PinnedContact => ({
        did: witness.did,
        peers: [{ peerId: witness.network.peerId, addresses: [witness.address] }],
      })
      const victim = await labNode({
        limits: QUICK,
        staticPeers: liars.map(({ address }) => address),
        mesh: meshOf(() => [...liars, witness], { witnesses: () => [witness], pinned }),
      })
      await until(() => victim.network.peers().length === 9, PATIENCE_MS)
      // Who of two that hear of each other has dialled is chance; whom the victim sees is not.
      const view = victim.network.diversity()
      expect(view).toMatchObject({
        witnesses: 1,
        pinned: { did: witness.did, isConnected: true },
      })
      expect(view?.missed).not.toContain('pinned')
    })

    test(
      'a walk finds a witness by the one honest node that has dialled in',
      { tags: ['NET-40', 'NET-41'] },
      async () => {
        const witness = await labNode({ listen: ['/ip4/127.0.2.1/tcp/0'] })
        const liars = await ring()
        const others: LabNode[] = [...liars, witness]
        const victim = await labNode({
          limits: { ...QUICK, walkIntervalMs: 100 },
          staticPeers: liars.map(({ address }) => address),
          mesh: meshOf(() => others, { witnesses: () => [witness] }),
        })
        await until(() => victim.network.peers().length === 8, PATIENCE_MS)
        expect(isConnected(victim, witness)).toBe(false)
        const honest = await labNode({ staticPeers: [witness.address, victim.address] })
        others.push(honest)
        await until(() => isConnected(victim, witness), PATIENCE_MS)
        expect(victim.network.diversity()).toMatchObject({ witnesses: 1 })
      },
    )
  },
)

describe(
  'members that dial in to take every place',
  { tags: ['THR-35'], timeout: PATIENCE_MS },
  () => {
    test.for([
      { connectionsMax: 300, connectionsReserved: 32, inbound: 268 },
      { connectionsMax: 10, connectionsReserved: 32, inbound: 5 },
      { connectionsMax: 1, connectionsReserved: 32, inbound: 1 },
    ])(
      'of $connectionsMax places $inbound are there for them',
      { tags: ['NET-43'] },
      ({ inbound, ...limits }) => {
        const allowance = new InboundAllowance(clock, { ...NETWORK_LIMITS, ...limits })
        const leave = Array.from({ length: inbound }, () => allowance.enter())
        expect(leave.every((each) => each !== undefined)).toBe(true)
        expect(allowance.enter()).toBeUndefined()
        leave[0]?.()
        leave[0]?.()
        expect(allowance.enter()).toBeDefined()
        expect(allowance.enter()).toBeUndefined()
      },
    )

    test('the pinned witness is dialled and stays', { tags: ['NET-43'] }, async () => {
      const witness = await labNode({ listen: ['/ip4/127.0.2.1/tcp/0'] })
      const pinned = (): PinnedContact => ({
        did: witness.did,
        peers: [{ peerId: witness.network.peerId, addresses: [witness.address] }],
      })
      let known: readonly LabNode[] = []
      const victim = await labNode({
        limits: { ...QUICK, connectionsMax: 8, connectionsReserved: 2, seekIntervalMs: 600_000 },
        mesh: meshOf(() => known, { witnesses: () => known, pinned }),
      })
      await until(() => isConnected(victim, witness), PATIENCE_MS)
      const lost: string[] = []
      victim.network.on('lost', ({ did }) => lost.push(did))
      const limits = { dialBackoffMinMs: 5, dialBackoffMaxMs: 20 }
      const attackers = await Promise.all(
        Array.from({ length: 10 }, async () => labNode({ staticPeers: [victim.address], limits })),
      )
      known = [...attackers, witness]
      await until(() => victim.network.peers().length === 7, PATIENCE_MS)
      witness.network.drop(victim.did, 'test')
      await until(() => lost.includes(witness.did), PATIENCE_MS)
      await until(() => isConnected(victim, witness), PATIENCE_MS)
      const inbound = victim.network.peers().filter(({ direction }) => direction === 'inbound')
      expect(inbound.length).toBeLessThanOrEqual(6)
      expect(lost.filter((did) => did === witness.did)).toHaveLength(1)
    })

    test.for([
      { isProtected: true, kept: 'newer' },
      { isProtected: false, kept: 'older' },
    ])(
      'where libp2p ends one connection of two, and the newer is chosen: $isProtected, the $kept stays',
      { tags: ['NET-43'] },
      async ({ isProtected, kept }) => {
        const [older, newer] = await Promise.all([labNode(), labNode()])
        const { node } = await bareNode({ connectionsMax: 1 })
        await node.start()
        if (isProtected) await protectPeer(node.peerStore, newer.network.peerId)
        for (const { address } of [older, newer]) await node.dial(multiaddr(address))
        await until(() => node.getConnections().length === 1, PATIENCE_MS)
        const [left] = node.getPeers()
        expect(String(left)).toBe((kept === 'newer' ? newer : older).network.peerId)
      },
    )
  },
)
