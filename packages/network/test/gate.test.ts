import { multiaddr } from '@multiformats/multiaddr'
import { SECURE_HANDSHAKE_PROTOCOL } from '@warren/handshake'
import { createConnection, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { announcedAddresses } from '../src/announced-addresses.ts'
import { dialPauseMs } from '../src/dial-backoff.ts'
import { InboundAllowance } from '../src/inbound-allowance.ts'
import { NETWORK_LIMITS } from '../src/network-limits.ts'
import { originOf } from '../src/network-prefix.ts'
import { parsePeerAddress } from '../src/peer-address.ts'
import { labNode, soon } from './lab.ts'

function allowance(limits: Partial<typeof NETWORK_LIMITS>): [InboundAllowance, { nowMs: number }] {
  const time = { nowMs: 0 }
  const clock = { wallMs: () => 0, monotonicMs: () => time.nowMs }
  return [new InboundAllowance(clock, { ...NETWORK_LIMITS, ...limits }), time]
}

const host = (text: string): ReturnType<typeof originOf> => originOf(multiaddr(`${text}/tcp/1`))

test.for([
  { address: '/ip4/192.0.2.7', host: '192.0.2.7', network: '192.0.2' },
  { address: '/ip6/2001:db8:0:1::7', host: '2001:db8:0:1:0:0:0:7', network: '2001:db8:0:1' },
  { address: '/ip6/::1', host: '0:0:0:0:0:0:0:1', network: '0:0:0:0' },
  { address: '/ip6/::ffff:192.0.2.7', host: '192.0.2.7', network: '192.0.2' },
])('$address counts as $host in $network', { tags: ['NET-12'] }, ({ address, ...origin }) => {
  expect(host(address)).toEqual(origin)
})

test(
  'one host, one network and all together have bounds of their own',
  { tags: ['NET-12'] },
  () => {
    const [gate] = allowance({ pendingPerHostMax: 2, pendingPerNetworkMax: 3, pendingMax: 4 })
    const frees = [gate.take(host('/ip4/192.0.2.1')), gate.take(host('/ip4/192.0.2.1'))]
    expect(frees.every((free) => free !== undefined)).toBe(true)
    expect(gate.take(host('/ip4/192.0.2.1'))).toBeUndefined()
    expect(gate.take(host('/ip4/192.0.2.2'))).toBeDefined()
    expect(gate.take(host('/ip4/192.0.2.3'))).toBeUndefined()
    expect(gate.take(host('/ip4/198.51.100.1'))).toBeDefined()
    expect(gate.take(host('/ip4/203.0.113.1'))).toBeUndefined()
    frees[0]?.()
    frees[0]?.()
    expect(gate.take(host('/ip4/203.0.113.1'))).toBeDefined()
    expect(gate.take(host('/ip4/203.0.113.2'))).toBeUndefined()
  },
)

test('a network opens no more connections in a window than allowed', { tags: ['NET-12'] }, () => {
  const [gate, time] = allowance({ connectionsPerWindowMax: 2, networkWindowMs: 1_000 })
  const take = (): boolean => {
    const free = gate.take(host('/ip4/192.0.2.1'))
    free?.()
    return free !== undefined
  }
  expect([take(), take(), take()]).toEqual([true, true, false])
  time.nowMs = 999
  expect(take()).toBe(false)
  time.nowMs = 1_000
  expect(take()).toBe(true)
  expect(gate.take(host('/ip4/198.51.100.1'))).toBeDefined()
})

test.for([
  { name: 'say nothing', said: '' },
  { name: 'stop in the middle of the negotiation', said: '\u0013/multistream/1.0.0\n' },
  {
    name: 'stop in the middle of the handshake',
    said: `\u0013/multistream/1.0.0\n${line(SECURE_HANDSHAKE_PROTOCOL)}\u0004\u00d0half a message`,
  },
])(
  'sockets of one host that $name do not keep an honest node out',
  { tags: ['NET-12', 'THR-11'] },
  async ({ said }) => {
    const far = await labNode({ limits: { pendingPerHostMax: 30, pendingMax: 128 } })
    const [, , , , port = ''] = far.address.split('/')
    const sockets = await Promise.all(
      Array.from({ length: 25 }, async () => idleSocket(Number(port))),
    )
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
    })
    for (const socket of sockets) socket.write(said, 'latin1')
    const near = await labNode()
    await expect(near.network.dial(far.address, soon())).resolves.toBeDefined()
  },
)

test('more idle sockets than one host may have are refused', { tags: ['NET-12'] }, async () => {
  const far = await labNode({ limits: { pendingPerHostMax: 3 } })
  const [, , , , port = ''] = far.address.split('/')
  const sockets = await Promise.all(Array.from({ length: 3 }, async () => idleSocket(Number(port))))
  const fourth = await idleSocket(Number(port))
  await new Promise<void>((resolve) => {
    fourth.once('close', () => resolve())
  })
  expect(sockets.filter((socket) => socket.destroyed)).toEqual([])
  for (const socket of sockets) socket.destroy()
})

/** A line of the negotiation, with its length in front. */
function line(text: string): string {
  return `${String.fromCodePoint(text.length + 1)}${text}\n`
}

function idleSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1', () => resolve(socket))
    socket.once('error', reject)
    socket.on('error', () => undefined)
    socket.resume()
  })
}

test(
  'pauses double up to their bound and are spread over their upper half',
  { tags: ['NET-10'] },
  () => {
    const backoff = { minMs: 100, maxMs: 1_000 }
    const lowest = { randomBytes: (length: number) => new Uint8Array(length) }
    const highest = { randomBytes: (length: number) => new Uint8Array(length).fill(255) }
    const pauses = (random: typeof lowest): number[] =>
      [1, 2, 3, 4, 5, 60].map((failures) => dialPauseMs(failures, backoff, random))
    expect(pauses(lowest)).toEqual([50, 100, 200, 400, 500, 500])
    expect(pauses(highest)).toEqual([100, 200, 400, 800, 1_000, 1_000])
  },
)

test.for(['/ip4/192.0.2.7/tcp/4001', '/ip6/2001:db8::7/tcp/4001', '/dns4/plant.example/tcp/4001'])(
  '%s is an address of a peer',
  { tags: ['NET-10'] },
  (text) => {
    expect(parsePeerAddress(text).toString()).toBe(text)
  },
)

test.for([
  '',
  'nonsense',
  '/ip4/192.0.2.7',
  '/ip4/192.0.2.7/udp/1',
  '/unix/%2Ftmp',
  `/dns4/${'a'.repeat(600)}/tcp/1`,
])('%s is not an address of a peer', { tags: ['NET-10'] }, (text) => {
  expect(() => parsePeerAddress(text)).toThrow(
    expect.objectContaining({ code: 'address-malformed' }),
  )
})

test(
  'public-looking and IPv6 addresses are announced, loopback only alone',
  { tags: ['NET-13'] },
  async () => {
    const { network } = await labNode()
    const { peerId } = network
    const announce = (...listening: string[]): string[] =>
      announcedAddresses(
        listening.map((text) => multiaddr(text)),
        peerId,
      ).map(String)
    expect(
      announce(
        '/ip4/127.0.0.1/tcp/1',
        '/ip4/25.9.8.7/tcp/1',
        '/ip6/fd00::7/tcp/1',
        '/ip6/::1/tcp/1',
      ),
    ).toEqual([`/ip4/25.9.8.7/tcp/1/p2p/${peerId}`, `/ip6/fd00::7/tcp/1/p2p/${peerId}`])
    expect(announce('/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/1')).toEqual([
      `/ip4/127.0.0.1/tcp/1/p2p/${peerId}`,
    ])
    expect(network.addresses()).toEqual([
      expect.stringMatching(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//),
    ])
  },
)
