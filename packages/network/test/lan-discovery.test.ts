import { createSocket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import { generateKeyPair } from '@libp2p/crypto/keys'
import {
  type PeerDiscovery,
  peerDiscoverySymbol,
  type PeerInfo,
  type Startable,
  serviceCapabilities,
} from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { nodeSuite } from '@warren/crypto'
import multicastDns from 'multicast-dns'
import { expect, onTestFinished, test, vi } from 'vitest'
import { lanDiscovery, type LanDiscoveryInit } from '../src/lan-discovery.ts'
import { lanServiceTag } from '../src/lan-discovery-service-tag.ts'
import type { LanDiscoveryError } from '../src/lan-discovery-error.ts'
import type { NetworkInterfaces } from '../src/lan-discovery-interface.ts'

const WAIT = { timeout: 5_000, interval: 10 }
const MESH = 'zQmMesh'
const clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() }

interface Finder {
  readonly id: string
  readonly service: PeerDiscovery & Startable
  readonly heard: PeerInfo[]
  readonly errors: LanDiscoveryError[]
  addresses: string[]
}

interface FinderInit extends Partial<LanDiscoveryInit> {
  readonly port: number
  readonly listen?: readonly string[]
  readonly announce?: readonly string[]
}

function onlyLoopback(): NetworkInterfaces {
  return Object.fromEntries(
    Object.entries(networkInterfaces()).filter(([, infos]) => infos?.some((info) => info.internal)),
  )
}

/** A UDP port that nobody else uses, so that tests do not hear each other. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4')
  const { promise, resolve } = Promise.withResolvers<number>()
  socket.bind(0, () => resolve(socket.address().port))
  const port = await promise
  socket.close()
  return port
}

function parsed(texts: readonly string[]): Multiaddr[] {
  return texts.map((text) => multiaddr(text))
}

function unreadable(): NetworkInterfaces {
  throw new Error('EACCES')
}

async function finder(init: FinderInit): Promise<Finder> {
  const peerId = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
  const { listen = ['/ip4/127.0.0.1/tcp/4001'], announce = [] } = init
  const errors: LanDiscoveryError[] = []
  const heard: PeerInfo[] = []
  const service = lanDiscovery({
    suite: nodeSuite,
    clock,
    meshId: MESH,
    interfaces: onlyLoopback,
    onError: (error) => errors.push(error),
    ...init,
  })({
    peerId,
    addressManager: {
      getListenAddrs: () => parsed(listen),
      getAnnounceAddrs: () => parsed(announce),
    },
    transportManager: { getAddrs: () => parsed(listen) },
  })
  const result: Finder = { id: peerId.toString(), service, heard, errors, addresses: [] }
  service.addEventListener('peer', ({ detail }) => {
    heard.push(detail)
    result.addresses = detail.multiaddrs.map(String)
  })
  onTestFinished(async () => service.stop())
  await service.start()
  await service.afterStart?.()
  return result
}

function heardIds({ heard }: Finder): Set<string> {
  return new Set(heard.map(({ id }) => id.toString()))
}

test(
  'three nodes of a machine find each other and not themselves',
  { tags: ['LAN-1', 'LAN-8'] },
  async () => {
    const port = await freePort()
    const nodes = [await finder({ port }), await finder({ port }), await finder({ port })]
    const ids = nodes.map(({ id }) => id)
    await vi.waitFor(() => {
      for (const node of nodes) {
        expect(heardIds(node)).toEqual(new Set(ids.filter((id) => id !== node.id)))
      }
    }, WAIT)
    expect(nodes[0]?.addresses).toEqual(['/ip4/127.0.0.1/tcp/4001'])
    expect(nodes.flatMap(({ errors }) => errors)).toEqual([])
  },
)

test('nodes of another mesh are not found', { tags: ['LAN-5'] }, async () => {
  const port = await freePort()
  const stranger = await finder({ port, meshId: 'zQmOther' })
  const [one, two] = [await finder({ port }), await finder({ port })]
  await vi.waitFor(() => expect(heardIds(two)).toEqual(new Set([one.id])), WAIT)
  await vi.waitFor(() => expect(heardIds(one)).toEqual(new Set([two.id])), WAIT)
  expect(stranger.heard).toEqual([])
})

test('announced addresses take the place of the listening ones', { tags: ['LAN-3'] }, async () => {
  const port = await freePort()
  const announce = ['/ip4/127.0.0.1/tcp/7', '/ip4/203.0.113.7/tcp/7']
  await finder({ port, announce })
  const two = await finder({ port })
  await vi.waitFor(() => expect(two.addresses).toEqual(['/ip4/127.0.0.1/tcp/7']), WAIT)
})

test(
  'an interface that appears is used, one that vanishes is left',
  { tags: ['LAN-2'] },
  async () => {
    const port = await freePort()
    let there: NetworkInterfaces = {}
    let looks = 0
    const interfaces = (): NetworkInterfaces => {
      looks += 1
      return there
    }
    const one = await finder({ port, rescanIntervalMs: 20, interfaces })
    const two = await finder({ port, queryIntervalMs: 20 })
    expect(two.heard).toEqual([])
    there = onlyLoopback()
    await vi.waitFor(() => expect(heardIds(two)).toEqual(new Set([one.id])), WAIT)
    await vi.waitFor(() => expect(heardIds(one)).toEqual(new Set([two.id])), WAIT)

    there = {}
    looks = 0
    await vi.waitFor(() => expect(looks).toBeGreaterThan(0), WAIT)
    const three = await finder({ port })
    await vi.waitFor(() => expect(heardIds(three)).toContain(two.id), WAIT)
    expect(heardIds(one)).toEqual(new Set([two.id]))
  },
)

test(
  'an interface that fails is reported once and does not disturb the others',
  { tags: ['LAN-2', 'LAN-4'] },
  async () => {
    const port = await freePort()
    const [loopback] = Object.values(onlyLoopback())
    const gone = [{ ...loopback![0]!, address: '203.0.113.1', cidr: '203.0.113.1/24' }]
    const interfaces = (): NetworkInterfaces => ({ gone, ...onlyLoopback() })
    const one = await finder({ port, interfaces, rescanIntervalMs: 20, queryIntervalMs: 20 })
    const two = await finder({ port })
    await vi.waitFor(() => expect(heardIds(two)).toEqual(new Set([one.id])), WAIT)
    await vi.waitFor(() => expect(one.errors.length).toBeGreaterThan(0), WAIT)

    const messages = one.errors.map(({ code, message }) => `${code}: ${message}`)
    expect(new Set(messages).size).toBe(messages.length)
    expect(messages.every((message) => message.includes(' gone '))).toBe(true)
  },
)

test(
  'a port that another program keeps to itself is reported, and used when it is free',
  { tags: ['LAN-2', 'LAN-4'] },
  async () => {
    const port = await freePort()
    const selfish = createSocket('udp4')
    await new Promise<void>((resolve) => selfish.bind(port, resolve))
    const one = await finder({ port, rescanIntervalMs: 20 })
    await vi.waitFor(() => expect(one.errors).not.toEqual([]), WAIT)
    expect(one.errors[0]).toMatchObject({ code: 'lan-socket-failed' })

    await new Promise<void>((resolve) => selfish.close(() => resolve()))
    const two = await finder({ port, queryIntervalMs: 50 })
    await vi.waitFor(() => expect(heardIds(one)).toEqual(new Set([two.id])), WAIT)
  },
)

test('a list of interfaces that cannot be had is reported', { tags: ['LAN-4'] }, async () => {
  const { errors } = await finder({ port: await freePort(), interfaces: unreadable })
  expect(errors).toMatchObject([{ name: 'LanDiscoveryError', code: 'lan-interfaces-unreadable' }])
})

test('of very many interfaces 64 are used', { tags: ['LAN-10'] }, async () => {
  const [loopback] = Object.values(onlyLoopback())
  const many = Object.fromEntries(
    Array.from({ length: 65 }, (_, index) => [`if${index}`, loopback]),
  )
  const { errors } = await finder({ port: await freePort(), interfaces: () => many })
  expect(errors.map(({ code }) => code)).toContain('lan-interfaces-many')
})

test(
  'a flood of questions is answered at most once a second',
  { tags: ['LAN-10', 'THR-10'] },
  async () => {
    const port = await freePort()
    const { service } = await finder({ port })
    const asker = multicastDns({ port, interface: '127.0.0.1', bind: '0.0.0.0' })
    const answersMs: number[] = []
    asker.on('response', () => answersMs.push(performance.now()))
    const flood = setInterval(() => asker.query(lanServiceTag(nodeSuite, MESH), 'PTR'), 5)
    onTestFinished(() => {
      clearInterval(flood)
      asker.destroy()
    })
    await vi.waitFor(() => expect(answersMs.length).toBeGreaterThanOrEqual(3), WAIT)
    await service.stop()

    const [first = 0, second = 0, third = 0] = answersMs
    expect(second - first).toBeGreaterThan(900)
    expect(third - second).toBeGreaterThan(900)
  },
)

test('nonsense on the wire disturbs nobody', { tags: ['LAN-4'] }, async () => {
  const port = await freePort()
  const one = await finder({ port })
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  onTestFinished(() => void socket.close())
  await new Promise<void>((resolve) => socket.bind(port, resolve))
  socket.setMulticastInterface('127.0.0.1')
  for (const length of [0, 1, 11, 12, 13, 100, 9_000]) {
    socket.send(Buffer.from(nodeSuite.randomBytes(length)), port, '224.0.0.251')
  }
  const two = await finder({ port })
  await vi.waitFor(() => expect(heardIds(one)).toEqual(new Set([two.id])), WAIT)
  expect(one.errors).toEqual([])
})

test(
  'after stop nothing is left, and stopping again does no harm',
  { tags: ['LAN-12'] },
  async () => {
    const port = await freePort()
    const one = await finder({ port })
    expect(process.getActiveResourcesInfo()).toContain('UDPWrap')
    await one.service.stop()
    await one.service.stop()
    await vi.waitFor(() => expect(process.getActiveResourcesInfo()).not.toContain('UDPWrap'), WAIT)
  },
)

test('it stops at once after starting, and starts again', { tags: ['LAN-12'] }, async () => {
  const port = await freePort()
  const one = await finder({ port })
  await one.service.stop()
  await one.service.afterStart?.()
  const two = await finder({ port })
  await vi.waitFor(() => expect(heardIds(one)).toEqual(new Set([two.id])), WAIT)
})

test('libp2p takes it for a discovery service', { tags: ['LAN-1'] }, async () => {
  const { service } = await finder({ port: await freePort() })
  expect(Reflect.get(service, peerDiscoverySymbol)).toBe(service)
  expect(Reflect.get(service, serviceCapabilities)).toEqual(['@libp2p/peer-discovery'])
})
