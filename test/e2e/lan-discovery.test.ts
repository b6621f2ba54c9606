import { join } from 'node:path'
import { type CableOptions, createLab, type Host, labSupport } from '@warren/netlab'
import { describe, expect, onTestFinished, test, vi } from 'vitest'

const CHILD = join(import.meta.dirname, 'children/lan-node.ts')
const WAIT = { timeout: 20_000, interval: 50 }
const LISTEN = ['/ip4/0.0.0.0/tcp/4001', '/ip6/::/tcp/4001']

interface Line {
  readonly kind: 'started' | 'heard' | 'connected' | 'unreachable' | 'error'
  readonly address?: string
  readonly addresses?: readonly string[]
}

/** What a node has said so far. */
interface Node {
  lines: Line[]
}

const support = labSupport()
if (!support.available) console.log(`skipped: LAN discovery between hosts: ${support.reason}`)

async function hosts(cables: readonly CableOptions[]): Promise<readonly [Host, Host]> {
  const lab = await createLab({
    switches: ['front', 'back'],
    hosts: { one: cables, other: cables },
  })
  onTestFinished(() => lab.close())
  return [lab.host('one'), lab.host('other')]
}

async function node(host: Host, meshId = 'zQmMesh', listen = LISTEN): Promise<Node> {
  const child = host.spawn([process.execPath, CHILD, meshId, ...listen], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const result: Node = { lines: [] }
  let rest = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = `${rest}${chunk}`.split('\n')
    rest = parts.pop() ?? ''
    result.lines.push(...parts.map((part) => JSON.parse(part) as Line))
  })
  await vi.waitFor(() => expect(result.lines.map(({ kind }) => kind)).toContain('started'), WAIT)
  return result
}

function connected({ lines }: Node): readonly string[] {
  const addresses = lines.flatMap(({ kind, address }) =>
    kind === 'connected' ? (address ?? []) : [],
  )
  return [...new Set(addresses)].toSorted()
}

function heard({ lines }: Node): readonly string[] {
  return [...new Set(lines.flatMap(({ addresses = [] }) => addresses))].toSorted()
}

function ipv4(host: Host, device = 'eth0'): string {
  return `/ip4/${host.cable(device).ipv4}/tcp/4001`
}

function linkLocal(host: Host, device = 'eth0'): string {
  return `/ip6zone/${device}/ip6/${host.cable(device).ipv6LinkLocal}/tcp/4001`
}

describe.skipIf(!support.available)('between hosts without a default route', () => {
  test('IPv4: both find and reach each other', { tags: ['LAN-1'] }, async () => {
    const [a, b] = await hosts([{ switch: 'front', family: 'ipv4' }])
    expect((await a.exec(['ip', 'route', 'show', 'default'])).stdout).toBe('')
    const [one, other] = [await node(a), await node(b)]
    await vi.waitFor(() => {
      expect(connected(one)).toEqual([ipv4(b)])
      expect(connected(other)).toEqual([ipv4(a)])
    }, WAIT)
  })

  test('IPv4 that looks public: both find and reach each other', { tags: ['LAN-1'] }, async () => {
    const [a, b] = await hosts([{ switch: 'front', family: 'ipv4' }])
    for (const [host, address] of [
      [a, '25.9.8.1/24'],
      [b, '25.9.8.2/24'],
    ] as const) {
      await host.exec(['ip', 'address', 'flush', 'dev', 'eth0'])
      await host.exec(['ip', 'address', 'add', address, 'dev', 'eth0'])
    }
    const [one, other] = [await node(a), await node(b)]
    await vi.waitFor(() => {
      expect(connected(one)).toEqual(['/ip4/25.9.8.2/tcp/4001'])
      expect(connected(other)).toEqual(['/ip4/25.9.8.1/tcp/4001'])
    }, WAIT)
  })

  test('IPv6 alone: both find and reach each other', { tags: ['LAN-1', 'LAN-11'] }, async () => {
    const [a, b] = await hosts([{ switch: 'front', family: 'ipv6' }])
    const [one, other] = [await node(a), await node(b)]
    await vi.waitFor(() => {
      expect(connected(one)).toEqual([`/ip6/${b.cable().ipv6}/tcp/4001`, linkLocal(b)])
      expect(connected(other)).toEqual([`/ip6/${a.cable().ipv6}/tcp/4001`, linkLocal(a)])
    }, WAIT)
  })

  test('link-local addresses alone are enough', { tags: ['LAN-1', 'LAN-11'] }, async () => {
    const [a, b] = await hosts([{ switch: 'front', family: 'link-local' }])
    const [one, other] = [await node(a), await node(b)]
    await vi.waitFor(() => {
      expect(connected(one)).toEqual([linkLocal(b)])
      expect(connected(other)).toEqual([linkLocal(a)])
    }, WAIT)
  })

  test(
    'on two wires each is told its own addresses',
    { tags: ['LAN-3', 'LAN-9', 'LAN-11'] },
    async () => {
      const [a, b] = await hosts([{ switch: 'front' }, { switch: 'back' }])
      const [one] = [await node(a), await node(b)]
      const onWire = (device: string): readonly string[] => [
        ipv4(b, device),
        `/ip6/${b.cable(device).ipv6}/tcp/4001`,
        linkLocal(b, device),
      ]
      const [front, back] = [onWire('eth0'), onWire('eth1')]
      await vi.waitFor(() => {
        expect(heard(one)).toEqual([...front, ...back].toSorted())
        expect(connected(one)).toEqual([...front, ...back].toSorted())
      }, WAIT)
      const mixed = one.lines.filter(
        ({ addresses = [] }) =>
          addresses.some((address) => front.includes(address)) &&
          addresses.some((address) => back.includes(address)),
      )
      expect(mixed).toEqual([])
    },
  )

  test('a cable that is plugged later is used', { tags: ['LAN-2'] }, async () => {
    const [a, b] = await hosts([{ switch: 'front', family: 'ipv4' }])
    await b.cable().pull()
    const [one, other] = [await node(a), await node(b)]
    expect([...heard(one), ...heard(other)]).toEqual([])
    await b.cable().plug()
    await vi.waitFor(() => {
      expect(connected(one)).toEqual([ipv4(b)])
      expect(connected(other)).toEqual([ipv4(a)])
    }, WAIT)
  })

  test(
    'after a cable was pulled and plugged back they meet again',
    { tags: ['LAN-2'] },
    async () => {
      const [a, b] = await hosts([{ switch: 'front' }])
      const [one, other] = [await node(a), await node(b)]
      const meet = (): Promise<void> =>
        vi.waitFor(() => {
          expect(connected(one)).toEqual(expect.arrayContaining([ipv4(b), linkLocal(b)]))
          expect(connected(other)).toEqual(expect.arrayContaining([ipv4(a), linkLocal(a)]))
        }, WAIT)
      await meet()
      await b.cable().pull()
      one.lines = []
      other.lines = []
      await b.cable().plug()
      await meet()
    },
  )

  test('nodes of one host meet on its loopback device', { tags: ['LAN-1', 'LAN-5'] }, async () => {
    const [a] = await hosts([])
    const one = await node(a, 'zQmMesh', ['/ip4/127.0.0.1/tcp/4001'])
    const other = await node(a, 'zQmMesh', ['/ip4/127.0.0.1/tcp/4002'])
    const stranger = await node(a, 'zQmOther', ['/ip4/127.0.0.1/tcp/4003'])
    await vi.waitFor(() => {
      expect(connected(one)).toEqual(['/ip4/127.0.0.1/tcp/4002'])
      expect(connected(other)).toEqual(['/ip4/127.0.0.1/tcp/4001'])
    }, WAIT)
    expect(heard(stranger)).toEqual([])
  })
})
