import { createLab, type Lab } from '@warren/netlab'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answer, sh, skipped, start, whoAnswers, withoutLatency } from './on-hosts.ts'

describe.skipIf(skipped)('a lab with two switches', () => {
  let lab: Lab

  beforeAll(async () => {
    lab = await createLab({
      switches: ['office', 'plant'],
      hosts: {
        alice: [{ switch: 'office' }],
        bob: [{ switch: 'office' }],
        old: [{ switch: 'office', family: 'ipv4' }],
        gateway: [{ switch: 'office' }, { switch: 'plant', family: 'ipv6' }],
        press: [{ switch: 'plant', family: 'ipv6' }],
        robot: [{ switch: 'plant', family: 'link-local' }],
      },
    })
    await Promise.all(
      ['bob', 'old', 'gateway', 'press', 'robot'].map((name) => answer(lab.host(name))),
    )
  })
  afterAll(async () => lab.close())

  test('hosts on one switch reach each other by every address', { tags: ['LAB-1'] }, async () => {
    const alice = lab.host('alice')
    const { ipv4, ipv6, ipv6LinkLocal } = lab.host('bob').cable()
    const answers = [ipv4, ipv6, `${ipv6LinkLocal}%eth0`].map((address) =>
      whoAnswers(alice, address),
    )
    expect(await Promise.all(answers)).toEqual(['bob', 'bob', 'bob'])
  })

  test.for([
    { group: '239.77.0.1', family: 'udp4', outgoing: '10.77.1.1', incoming: '10.77.1.2' },
    { group: 'ff02::77', family: 'udp6', outgoing: '::%eth0', incoming: '::%eth0' },
  ])('multicast to $group arrives', { tags: ['LAB-1'] }, async (row) => {
    const listener = await start(
      lab.host('bob'),
      `const socket = require('node:dgram').createSocket('${row.family}', (m) => console.log('got ' + m))
      socket.bind(7001, () => {
        socket.addMembership('${row.group}', '${row.incoming}')
        console.log('ready')
      })`,
    )
    const got = Promise.withResolvers<string>()
    listener.stdout?.on('data', (data: Buffer) => got.resolve(data.toString()))
    await lab.host('alice').exec([
      process.execPath,
      '-e',
      `const socket = require('node:dgram').createSocket('${row.family}')
      socket.bind(0, () => {
        socket.setMulticastInterface('${row.outgoing}')
        socket.send('hello', 7001, '${row.group}', () => socket.close())
      })`,
    ])
    expect(await got.promise).toContain('got hello')
    listener.kill()
  })

  test('hosts on different switches do not meet', { tags: ['LAB-1'] }, async () => {
    const press = lab.host('press').cable()
    const answers = [press.ipv6, `${press.ipv6LinkLocal}%eth0`].map((address) =>
      whoAnswers(lab.host('alice'), address),
    )
    expect(await Promise.all(answers)).toEqual(['', ''])
  })

  test('a host has a loopback, its cables and no way out', { tags: ['LAB-2'] }, async () => {
    const interfaces = 'ls /sys/class/net | sort | tr "\\n" " "'
    expect(await sh(lab.host('alice'), interfaces)).toBe('eth0 lo ')
    expect(await sh(lab.host('gateway'), interfaces)).toBe('eth0 eth1 lo ')
    expect(await sh(lab.host('alice'), 'ip route show default; ip -6 route show default')).toBe('')
    expect(await sh(lab.host('alice'), 'ip link show lo')).toContain('LOOPBACK,UP,LOWER_UP')
  })

  test.for([
    { name: 'alice', ipv4: '10.77.1.1', ipv6: ['fd00:77:1::1', 'fe80::'] },
    { name: 'old', ipv4: '10.77.1.3', ipv6: [] },
    { name: 'press', ipv4: '', ipv6: ['fd00:77:2::2', 'fe80::'] },
    { name: 'robot', ipv4: '', ipv6: ['fe80::'] },
  ])('$name has the addresses asked for and no other', { tags: ['LAB-3'] }, async (row) => {
    const host = lab.host(row.name)
    const ipv4 = await sh(host, 'ip -4 -o addr show dev eth0')
    const ipv6 = (await sh(host, 'ip -6 -o addr show dev eth0')).split('\n').filter(Boolean)
    expect(/inet ([\d.]+)/.exec(ipv4)?.[1] ?? '').toBe(row.ipv4)
    expect(ipv6).toHaveLength(row.ipv6.length)
    for (const [index, prefix] of row.ipv6.entries()) expect(ipv6[index]).toContain(prefix)
  })

  test(
    'a host with two cables is on both switches and joins them not',
    { tags: ['LAB-4'] },
    async () => {
      const gateway = lab.host('gateway')
      const toBob = whoAnswers(gateway, lab.host('bob').cable().ipv4)
      const toRobot = whoAnswers(gateway, `${lab.host('robot').cable().ipv6LinkLocal}%eth1`)
      const around = whoAnswers(lab.host('bob'), gateway.cable('eth1').ipv6)
      expect(await Promise.all([toBob, toRobot, around])).toEqual(['bob', 'robot', ''])
      const forwarding = 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding'
      expect(await sh(gateway, forwarding)).toBe('0\n0\n')
    },
  )

  test('a cable is pulled and plugged back', { tags: ['LAB-5'] }, async () => {
    const [alice, bob] = [lab.host('alice'), lab.host('bob')]
    const before = await sh(alice, 'ip -o addr show dev eth0')
    await alice.cable().pull()
    expect(await sh(alice, 'ip link show dev eth0')).toContain('NO-CARRIER')
    expect(await sh(alice, 'ip -o addr show dev eth0')).toBe(before)
    expect(await whoAnswers(alice, bob.cable().ipv4)).toBe('')

    await alice.cable().plug()
    const { ipv4, ipv6 } = bob.cable()
    expect(await Promise.all([whoAnswers(alice, ipv4), whoAnswers(alice, ipv6)])).toEqual([
      'bob',
      'bob',
    ])
  })

  test('unknown names are errors', { tags: ['LAB-11'] }, () => {
    expect(() => lab.host('carol')).toThrow(expect.objectContaining({ code: 'unknown-host' }))
    expect(() => lab.host('alice').cable('eth1')).toThrow(
      expect.objectContaining({ code: 'unknown-cable' }),
    )
  })

  test.for([
    { name: 'another code', command: ['sh', '-c', 'echo because >&2; exit 3'], says: 'because' },
    { name: 'no such program', command: ['/nonexistent'], says: '/nonexistent' },
    { name: 'no command', command: [], says: 'no command' },
  ])('exec with $name is an error', { tags: ['LAB-10'] }, async ({ command, says }) => {
    await expect(lab.host('alice').exec(command)).rejects.toThrow(
      expect.objectContaining({ code: 'command-failed', message: expect.stringContaining(says) }),
    )
  })

  test('exec ends in its time, or when it is told to', { tags: ['LAB-10'] }, async () => {
    const failed = expect.objectContaining({ code: 'command-failed' })
    const forever = ['sleep', '1000']
    await expect(lab.host('alice').exec(forever, { timeoutMs: 50 })).rejects.toThrow(failed)
    const stopping = new AbortController()
    const running = lab.host('alice').exec(forever, { signal: stopping.signal })
    stopping.abort()
    await expect(running).rejects.toThrow(failed)
  })
})

describe.skipIf(withoutLatency)('where packets can be delayed', () => {
  test(
    'a round trip takes twice the latency, until it is taken away',
    { tags: ['LAB-6'] },
    async () => {
      await using lab = await createLab({
        switches: ['lan'],
        hosts: { near: [{ switch: 'lan' }], far: [{ switch: 'lan', latencyMs: 50 }] },
      })
      const far = lab.host('far')
      await answer(far)
      const connectMs = async (): Promise<number> => {
        const script = `
        const start = performance.now()
        require('node:net').connect(7000, '${far.cable().ipv4}', () => {
          console.log(performance.now() - start)
          process.exit(0)
        })`
        return Number((await lab.host('near').exec([process.execPath, '-e', script])).stdout)
      }
      await connectMs()
      expect(await connectMs()).toBeGreaterThanOrEqual(100)
      await far.cable().setLatency(0)
      expect(await connectMs()).toBeLessThan(100)
    },
  )
})

describe.skipIf(skipped || !withoutLatency)('where packets cannot be delayed', () => {
  test('a latency is refused, not ignored', { tags: ['LAB-6'] }, async () => {
    const delayed = createLab({
      switches: ['lan'],
      hosts: { far: [{ switch: 'lan', latencyMs: 1 }] },
    })
    await expect(delayed).rejects.toThrow(expect.objectContaining({ code: 'latency-unavailable' }))
  })
})
