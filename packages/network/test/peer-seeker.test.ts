import { nodeSuite } from '@warren/crypto'
import type { PinnedContact } from '@warren/network'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Dialer } from '../src/dialer.ts'
import type { Peer } from '../src/network-events.ts'
import { NETWORK_LIMITS, type NetworkLimits } from '../src/network-limits.ts'
import { PeerSeeker } from '../src/peer-seeker.ts'
import type { NamedPeer } from '../src/random-walk.ts'
import { clock, until } from './lab.ts'

const GRACE_MS = NETWORK_LIMITS.diversityGraceMs
const FIRST_MS = NETWORK_LIMITS.walkFirstMs
const WALK_MS = NETWORK_LIMITS.walkIntervalMs
const KEY = new Uint8Array([7])

interface Bench {
  readonly seeker: PeerSeeker
  readonly time: { nowMs: number }
  readonly connected: Peer[]
  readonly dialled: string[]
  readonly lookedUp: Uint8Array[]
  readonly log: string[]
  readonly protectedPeers: string[]
  /** Who answers, by address. */
  readonly answering: Map<string, string>
  readonly dialer: Dialer
}

interface BenchOptions {
  readonly named?: readonly NamedPeer[]
  readonly pinned?: PinnedContact
  readonly limits?: Partial<NetworkLimits>
  /** Whose membership ends while they are being chosen. */
  readonly leaving?: ReadonlySet<string>
}

function peerAt(peerId: string, address: string, direction: Peer['direction'] = 'outbound'): Peer {
  const of = { suite: 'test', admittedAtMs: 0, discoveredBy: 'dial' as const }
  return { did: `did:${peerId}`, peerId, address, direction, ...of }
}

/** A mesh in which every peer is a member whose name does not begin with `ghost`, and a witness whose name begins with `w`. */
function bench({ named = [], pinned, limits: changed = {}, leaving }: BenchOptions = {}): Bench {
  const limits = { ...NETWORK_LIMITS, dialBackoffMinMs: 2, dialBackoffMaxMs: 4, ...changed }
  const time = { nowMs: 0 }
  const connected: Peer[] = []
  const dialled: string[] = []
  const lookedUp: Uint8Array[] = []
  const log: string[] = []
  const protectedPeers: string[] = []
  const gone = new Set<string>()
  const answering = new Map<string, string>()
  const logger = { log: (level: string, code: string) => void log.push(`${level} ${code}`) }
  const dialer = new Dialer({
    clock,
    random: nodeSuite,
    limits,
    logger,
    connect: async (address) => {
      dialled.push(address)
      const peerId = answering.get(address)
      if (peerId === undefined) throw new Error('nobody there')
      connected.push(peerAt(peerId, address))
      return peerId
    },
    isConnected: (peerId) => connected.some((peer) => peer.peerId === peerId),
  })
  const seeker = new PeerSeeker({
    clock: { wallMs: () => 0, monotonicMs: () => time.nowMs },
    random: nodeSuite,
    limits,
    logger,
    mesh: {
      didOf: (peerId) => (peerId.startsWith('ghost') ? undefined : `did:${peerId}`),
      member: (did) => {
        if (gone.has(did)) return undefined
        return { enclave: 'hall', isWitness: did.startsWith('did:w') }
      },
      pinned: () => (gone.has(pinned?.did ?? '') ? undefined : pinned),
    },
    ownPeerId: 'self',
    dialer,
    peers: () => connected,
    lookUp: async function* (key) {
      lookedUp.push(key)
      await Promise.resolve()
      yield* named
    },
    keyOf: () => KEY,
    protect: async (peerId) => {
      protectedPeers.push(peerId)
      if (leaving?.has(peerId) === true) gone.add(`did:${peerId}`)
      return Promise.resolve()
    },
  })
  onTestFinished(async () => {
    await seeker.stop()
    await dialer.stop()
  })
  return { seeker, time, connected, dialled, lookedUp, log, protectedPeers, answering, dialer }
}

/** Lets the walk that is due begin, and waits until what it has heard is acted on. */
async function walked({ seeker, time, connected, lookedUp }: Bench): Promise<void> {
  if (connected.length === 0) connected.push(peerAt('neighbour', '/ip4/127.0.1.1/tcp/1'))
  const before = lookedUp.length
  time.nowMs += WALK_MS
  await seeker.round()
  await until(() => lookedUp.length > before)
  await seeker.round()
}

function at(peerId: string, host: string): NamedPeer {
  return { peerId, addresses: [`/ip4/${host}/tcp/1/p2p/${peerId}`] }
}

describe('a walk', { tags: ['NET-41'] }, () => {
  test('waits for somebody whom it can ask', async () => {
    const { seeker, time, connected, lookedUp } = bench()
    time.nowMs = FIRST_MS
    await seeker.round()
    expect(lookedUp).toHaveLength(0)
    connected.push(peerAt('neighbour', '/ip4/127.0.1.1/tcp/1'))
    await seeker.round()
    expect(lookedUp).toHaveLength(1)
    await seeker.round()
    expect(lookedUp).toHaveLength(1)
  })

  test('finds members that are dialled, and nobody who is none, nor this node itself', async () => {
    const made = bench({
      named: [at('far', '127.0.2.1'), at('ghost', '127.0.3.1'), at('self', '127.0.4.1')],
    })
    await walked(made)
    await until(() => made.dialled.length > 0)
    expect(new Set(made.dialled)).toEqual(new Set(['/ip4/127.0.2.1/tcp/1/p2p/far']))
    expect(made.protectedPeers).toContain('far')
  })

  test('is not ended by peers that somebody makes up', async () => {
    const ghosts = Array.from({ length: 4 }, (_, index) => at(`ghost${index}`, '127.0.3.1'))
    const made = bench({ named: [...ghosts, at('far', '127.0.2.1')], limits: { walkPeersMax: 4 } })
    await walked(made)
    await until(() => made.dialled.length > 0)
    expect(new Set(made.dialled)).toEqual(new Set(['/ip4/127.0.2.1/tcp/1/p2p/far']))
  })

  test('makes no more candidates than its bound', async () => {
    const count = 20
    const many = Array.from({ length: count }, (_, index) => at(`n${index}`, '127.0.2.1'))
    const made = bench({ named: many, limits: { candidatesMax: 4, chosenConnectionsMin: count } })
    await walked(made)
    await until(() => new Set(made.dialled).size === 4)
    await made.seeker.round()
    expect(new Set(made.dialled).size).toBe(4)
  })
})

describe('what it dials', { tags: ['NET-40'] }, () => {
  test('what is being dialled counts as chosen, so that not everybody is', async () => {
    const many = Array.from({ length: 20 }, (_, index) => at(`n${index}`, `127.0.2.${index}`))
    const made = bench({ named: many, limits: { candidateFailuresMax: 1_000 } })
    await walked(made)
    await until(() => new Set(made.dialled).size === 7)
    const before = made.dialled.length
    await until(() => {
      void made.seeker.round()
      return made.dialled.length > before + 21
    })
    // The neighbour is the first of the eight.
    expect(new Set(made.dialled).size).toBe(7)
  })

  test('a peer that is connected is none, by whatever name it was named', async () => {
    const made = bench({ named: [at('far', '127.0.2.1'), at('off', '127.0.3.1')] })
    made.connected.push({ ...peerAt('far', '/ip4/127.0.2.1/tcp/1'), did: 'did:other' })
    await walked(made)
    await until(() => made.dialer.failuresOf('off') >= 1)
    expect(made.dialer.failuresOf('far')).toBe(-1)
  })

  test('whoever has not answered three dials makes room for others, for ten minutes', async () => {
    const silent = Array.from({ length: 8 }, (_, index) => at(`n${index}`, `127.0.2.${index}`))
    const made = bench({ named: silent, limits: { chosenConnectionsMin: 2 } })
    const { seeker, dialled, dialer, time } = made
    await walked(made)
    await until(() => new Set(dialled).size === 1)
    const [first = ''] = dialled
    const firstId = first.split('/').at(-1) ?? ''
    await until(() => dialer.failuresOf(firstId) >= 3)
    await seeker.round()
    await until(() => new Set(dialled).size === 2)
    expect(dialer.failuresOf(firstId)).toBe(-1)
    const tried = dialled.filter((address) => address === first).length
    for (const { peerId } of silent.filter((each) => each.peerId !== firstId)) {
      await until(() => {
        void seeker.round()
        return dialled.some((address) => address.endsWith(`/${peerId}`))
      })
    }
    expect(dialled.filter((address) => address === first)).toHaveLength(tried)
    await until(() =>
      silent.every(
        ({ peerId }) => dialer.failuresOf(peerId) === -1 || dialer.failuresOf(peerId) >= 3,
      ),
    )
    time.nowMs += NETWORK_LIMITS.candidateRestMs
    await until(() => {
      void seeker.round()
      time.nowMs += NETWORK_LIMITS.candidateRestMs
      return dialled.filter((address) => address === first).length > tried
    })
  })
})

describe('who is announced on the LAN where it is not', { tags: ['NET-40'] }, () => {
  test('is dialled where members say that it is', async () => {
    const made = bench({ named: [at('far', '127.0.2.1')] })
    made.dialer.addDiscovered('far', ['/ip4/127.0.7.1/tcp/1/p2p/far'])
    await until(() => made.dialled.length >= 4)
    await walked(made)
    made.answering.set('/ip4/127.0.2.1/tcp/1/p2p/far', 'far')
    await until(() => made.connected.length === 2)
    expect(made.seeker.status()).toMatchObject({ chosen: 2 })
  })

  test('does not count as chosen by that', async () => {
    const made = bench({
      named: [at('far', '127.0.2.1'), at('lured', '127.0.3.1')],
      limits: { chosenConnectionsMin: 3, candidateFailuresMax: 1_000 },
    })
    made.dialer.addDiscovered('lured', ['/ip4/127.0.7.1/tcp/1/p2p/lured'])
    await until(() => made.dialled.length > 0)
    await walked(made)
    await until(() => made.dialer.failuresOf('far') >= 1 && made.dialer.failuresOf('lured') >= 1)
    expect(made.dialled).toContain('/ip4/127.0.3.1/tcp/1/p2p/lured')
  })
})

describe('a mesh that has no more to offer', { tags: ['NET-44'] }, () => {
  test('is left alone, and nothing is said of it', async () => {
    const made = bench()
    await walked(made)
    made.time.nowMs += 10 * GRACE_MS
    await made.seeker.round()
    expect(made.dialled).toEqual([])
    expect(made.log).toEqual([])
    expect(made.seeker.status()).toMatchObject({ connections: 1, chosen: 1, missed: [] })
  })

  test('members that are named and not there are nothing that is missed', async () => {
    const made = bench({ named: [at('off', '127.0.2.1')] })
    await walked(made)
    await until(() => made.dialer.failuresOf('off') >= 3)
    await made.seeker.round()
    made.time.nowMs += GRACE_MS
    await made.seeker.round()
    expect(made.seeker.status().missed).toEqual([])
    expect(made.log.filter((line) => line.startsWith('warn'))).toEqual([])
  })
})

test.for([
  { afterMs: GRACE_MS - 1, missed: [] },
  { afterMs: GRACE_MS, missed: ['connections', 'groups'] },
])(
  'candidates that are not reached for $afterMs ms: $missed',
  { tags: ['NET-44'] },
  async (each) => {
    const far = at('far', '127.0.2.1')
    const made = bench({ named: [far], limits: { candidateFailuresMax: 1_000 } })
    await walked(made)
    made.time.nowMs += each.afterMs
    await made.seeker.round()
    expect(made.seeker.status().missed).toEqual(each.missed)
    const isSaid = made.log.includes('warn view-narrow')
    expect(isSaid).toBe(each.missed.length > 0)
    made.answering.set(far.addresses[0] ?? '', 'far')
    await until(() => made.connected.length === 2)
    expect(made.seeker.status().missed).toEqual([])
  },
)

describe('the pinned contact', () => {
  const pinned = {
    did: 'did:w1',
    peers: [{ peerId: 'w1', addresses: ['/ip4/127.0.9.1/tcp/1/p2p/w1'] }],
  }

  test('is dialled where it was before, though nobody names it', { tags: ['NET-42'] }, async () => {
    const { seeker, answering, connected, protectedPeers } = bench({ pinned })
    await seeker.round()
    answering.set('/ip4/127.0.9.1/tcp/1/p2p/w1', 'w1')
    await until(() => connected.length === 1)
    expect(seeker.status()).toMatchObject({
      witnesses: 1,
      pinned: { did: 'did:w1', isConnected: true },
    })
    expect(protectedPeers).toContain('w1')
  })

  test('is looked up, and dialled where others say that it is', { tags: ['NET-42'] }, async () => {
    const nowhere = { did: 'did:w1', peers: [{ peerId: 'w1', addresses: [] }] }
    const made = bench({ pinned: nowhere, named: [at('w1', '127.0.5.1')] })
    made.connected.push(peerAt('neighbour', '/ip4/127.0.1.1/tcp/1'))
    made.time.nowMs = FIRST_MS
    await made.seeker.round()
    await until(() => made.lookedUp.length === 1)
    await until(() => {
      void made.seeker.round()
      return made.lookedUp.length === 2
    })
    expect(made.lookedUp[1]).toBe(KEY)
    await until(() => made.dialled.includes('/ip4/127.0.5.1/tcp/1/p2p/w1'))
  })

  test(
    'is dialled on when others give the address of somebody else for it',
    { tags: ['NET-42'] },
    async () => {
      const other = '/ip4/127.0.6.1/tcp/1/p2p/other'
      const made = bench({ pinned, named: [{ peerId: 'w1', addresses: [other] }] })
      made.answering.set(other, 'other')
      await walked(made)
      await until(() => made.dialled.includes(other))
      const [own = ''] = pinned.peers[0]?.addresses ?? []
      const before = made.dialled.filter((address) => address === own).length
      await until(() => made.dialled.filter((address) => address === own).length > before + 2)
      made.answering.set(own, 'w1')
      await until(() => made.connected.some(({ peerId }) => peerId === 'w1'))
      expect(made.seeker.status()).toMatchObject({ pinned: { isConnected: true }, missed: [] })
    },
  )

  test.for([
    { afterMs: GRACE_MS - 1, missed: [] },
    { afterMs: GRACE_MS, missed: ['pinned'] },
  ])('that is not connected for $afterMs ms: $missed', { tags: ['NET-44'] }, async (each) => {
    const made = bench({ pinned })
    await made.seeker.round()
    made.time.nowMs = each.afterMs
    await made.seeker.round()
    expect(made.seeker.status().missed).toEqual(each.missed)
  })
})

test('whoever is taken away while it is chosen is not dialled', { tags: ['NET-32'] }, async () => {
  const pinned = {
    did: 'did:w1',
    peers: [{ peerId: 'w1', addresses: ['/ip4/127.0.9.1/tcp/1/p2p/w1'] }],
  }
  const made = bench({ pinned, named: [at('far', '127.0.2.1')], leaving: new Set(['w1', 'far']) })
  await walked(made)
  await until(() => made.protectedPeers.includes('far'))
  await made.seeker.round()
  expect(new Set(made.protectedPeers)).toEqual(new Set(['w1', 'far']))
  expect(['w1', 'far'].map((peerId) => made.dialer.failuresOf(peerId))).toEqual([-1, -1])
  expect(made.dialled).toEqual([])
})
