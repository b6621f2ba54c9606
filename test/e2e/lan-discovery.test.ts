import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'

const CHILD = join(import.meta.dirname, 'children/lan-node.ts')
const WAIT = { timeout: 20_000, interval: 50 }
const LISTEN = ['/ip4/0.0.0.0/tcp/4001', '/ip6/::/tcp/4001']

interface Line {
  readonly kind: 'started' | 'heard' | 'connected' | 'unreachable' | 'error'
  readonly peer?: string
  readonly address?: string
  readonly addresses?: readonly string[]
}

interface Node {
  readonly child: ChildProcess
  lines: Line[]
}

let counter = 0

function ip(...words: readonly string[]): string {
  return execFileSync('ip', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function canMakeHosts(): boolean {
  const name = `wlan-probe-${process.pid}`
  try {
    ip('netns', 'add', name)
    ip('netns', 'del', name)
    return true
  } catch {
    // No root, no iproute2 or no such kernel: there is nothing to test on.
    return false
  }
}

const possible = canMakeHosts()
if (!possible) console.log('skipped: LAN discovery between hosts needs root and network namespaces')

/** A host of its own: a network namespace with a loopback device and no route to anywhere. */
function host(): string {
  const name = `wlan-${process.pid}-${(counter += 1)}`
  ip('netns', 'add', name)
  onTestFinished(() => void ip('netns', 'del', name))
  ip('-n', name, 'link', 'set', 'lo', 'up')
  return name
}

/** A cable between two hosts; its ends have the same name on both. */
function cable(one: string, other: string, device: string): void {
  ip('link', 'add', device, 'netns', one, 'type', 'veth', 'peer', 'name', device, 'netns', other)
  plug(one, device)
  plug(other, device)
}

function plug(name: string, device: string): void {
  ip('-n', name, 'link', 'set', device, 'up')
}

function pull(name: string, device: string): void {
  ip('-n', name, 'link', 'set', device, 'down')
}

function give(name: string, device: string, address: string): void {
  ip('-n', name, 'address', 'add', address, 'dev', device)
}

function linkLocal(name: string, device: string): string {
  return /fe80::[0-9a-f:]+/.exec(ip('-n', name, '-6', 'address', 'show', 'dev', device))?.[0] ?? ''
}

async function node(name: string, meshId = 'zQmMesh', listen = LISTEN): Promise<Node> {
  const child = spawn('ip', ['netns', 'exec', name, process.execPath, CHILD, meshId, ...listen], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = new Promise((resolve) => child.once('close', resolve))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await closed
  })
  const result: Node = { child, lines: [] }
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = `${rest}${chunk}`.split('\n')
    rest = parts.pop() ?? ''
    result.lines.push(...parts.map((part) => JSON.parse(part) as Line))
  })
  await vi.waitFor(() => expect(kinds(result)).toContain('started'), WAIT)
  return result
}

function kinds({ lines }: Node): readonly string[] {
  return lines.map(({ kind }) => kind)
}

function connected({ lines }: Node): readonly string[] {
  const addresses = lines.flatMap(({ kind, address }) =>
    kind === 'connected' ? (address ?? '') : [],
  )
  return [...new Set(addresses)].toSorted()
}

function heard({ lines }: Node): readonly string[] {
  return [...new Set(lines.flatMap(({ addresses = [] }) => addresses))].toSorted()
}

describe.skipIf(!possible)('between hosts without a default route', () => {
  test.for([
    { name: 'IPv4', one: '10.9.8.1', other: '10.9.8.2', prefix: 24, protocol: 'ip4' },
    {
      name: 'IPv4 that looks public',
      one: '25.9.8.1',
      other: '25.9.8.2',
      prefix: 24,
      protocol: 'ip4',
    },
    { name: 'IPv6 alone', one: 'fd00:9::1', other: 'fd00:9::2', prefix: 64, protocol: 'ip6' },
  ])('$name: both find and reach each other', { tags: ['LAN-1'] }, async (wire) => {
    const [a, b] = [host(), host()]
    cable(a, b, 'wire0')
    give(a, 'wire0', `${wire.one}/${wire.prefix}`)
    give(b, 'wire0', `${wire.other}/${wire.prefix}`)
    const [one, other] = [await node(a), await node(b)]
    await vi.waitFor(() => {
      expect(connected(one)).toContain(`/${wire.protocol}/${wire.other}/tcp/4001`)
      expect(connected(other)).toContain(`/${wire.protocol}/${wire.one}/tcp/4001`)
    }, WAIT)
  })

  test('link-local addresses alone are enough', { tags: ['LAN-1', 'LAN-11'] }, async () => {
    const [a, b] = [host(), host()]
    cable(a, b, 'wire0')
    const [one, other] = [await node(a), await node(b)]
    await vi.waitFor(
      () => expect(linkLocal(a, 'wire0') && linkLocal(b, 'wire0')).not.toBe(''),
      WAIT,
    )
    await vi.waitFor(() => {
      expect(connected(one)).toContain(`/ip6zone/wire0/ip6/${linkLocal(b, 'wire0')}/tcp/4001`)
      expect(connected(other)).toContain(`/ip6zone/wire0/ip6/${linkLocal(a, 'wire0')}/tcp/4001`)
    }, WAIT)
    expect(heard(one).every((address) => address.startsWith('/ip6zone/wire0/'))).toBe(true)
  })

  test(
    'on two wires each is told its own addresses',
    { tags: ['LAN-3', 'LAN-9', 'LAN-11'] },
    async () => {
      const [a, b] = [host(), host()]
      cable(a, b, 'wire0')
      cable(a, b, 'wire1')
      give(a, 'wire0', '10.9.8.1/24')
      give(b, 'wire0', '10.9.8.2/24')
      give(a, 'wire1', '10.9.9.1/24')
      give(b, 'wire1', '10.9.9.2/24')
      const one = await node(a)
      await node(b)
      await vi.waitFor(() => {
        const expected = [
          '/ip4/10.9.8.2/tcp/4001',
          '/ip4/10.9.9.2/tcp/4001',
          `/ip6zone/wire0/ip6/${linkLocal(b, 'wire0')}/tcp/4001`,
          `/ip6zone/wire1/ip6/${linkLocal(b, 'wire1')}/tcp/4001`,
        ].toSorted()
        expect(heard(one)).toEqual(expected)
        expect(connected(one)).toEqual(expected)
      }, WAIT)
      const together = one.lines.filter(({ addresses = [] }) => addresses.length > 1)
      expect(together).toEqual([])
    },
  )

  test('a cable that comes later is used', { tags: ['LAN-2'] }, async () => {
    const [a, b] = [host(), host()]
    const [one, other] = [await node(a), await node(b)]
    cable(a, b, 'wire0')
    give(a, 'wire0', '10.9.8.1/24')
    give(b, 'wire0', '10.9.8.2/24')
    await vi.waitFor(() => {
      expect(connected(one)).toContain('/ip4/10.9.8.2/tcp/4001')
      expect(connected(other)).toContain('/ip4/10.9.8.1/tcp/4001')
    }, WAIT)
  })

  test(
    'after a cable was pulled and plugged back they meet again',
    { tags: ['LAN-2'] },
    async () => {
      const [a, b] = [host(), host()]
      cable(a, b, 'wire0')
      give(a, 'wire0', '10.9.8.1/24')
      give(b, 'wire0', '10.9.8.2/24')
      const [one, other] = [await node(a), await node(b)]
      const meet = (): Promise<void> =>
        vi.waitFor(() => {
          expect(connected(one)).toContain('/ip4/10.9.8.2/tcp/4001')
          expect(connected(other)).toContain('/ip4/10.9.8.1/tcp/4001')
        }, WAIT)
      await meet()

      pull(b, 'wire0')
      // A question into the pulled cable, or the look at the interfaces that misses it.
      await vi.waitFor(
        () => expect(ip('-n', a, 'link', 'show', 'wire0')).toContain('NO-CARRIER'),
        WAIT,
      )
      one.lines = []
      other.lines = []
      plug(b, 'wire0')
      await meet()
    },
  )

  test('nodes of one host meet on its loopback device', { tags: ['LAN-1', 'LAN-5'] }, async () => {
    const a = host()
    const one = await node(a, 'zQmMesh', ['/ip4/127.0.0.1/tcp/4001'])
    const other = await node(a, 'zQmMesh', ['/ip4/127.0.0.1/tcp/4002'])
    const stranger = await node(a, 'zQmOther', ['/ip4/127.0.0.1/tcp/4003'])
    await vi.waitFor(() => {
      expect(connected(one)).toContain('/ip4/127.0.0.1/tcp/4002')
      expect(connected(other)).toContain('/ip4/127.0.0.1/tcp/4001')
    }, WAIT)
    expect(heard(stranger)).toEqual([])
    expect(heard(one)).toEqual(['/ip4/127.0.0.1/tcp/4002'])
  })
})
