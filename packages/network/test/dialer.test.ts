import { nodeSuite } from '@warren/crypto'
import { expect, onTestFinished, test } from 'vitest'
import { Dialer } from '../src/dialer.ts'
import { NETWORK_LIMITS } from '../src/network-limits.ts'
import { clock, until } from './lab.ts'

interface Bench {
  readonly dialer: Dialer
  readonly dialled: string[]
  readonly good: Map<string, string>
  readonly connected: Set<string>
}

function bench(limits: Partial<typeof NETWORK_LIMITS> = {}): Bench {
  const dialled: string[] = []
  const good = new Map<string, string>()
  const connected = new Set<string>()
  const dialer = new Dialer({
    clock,
    random: nodeSuite,
    limits: { ...NETWORK_LIMITS, dialBackoffMinMs: 4, dialBackoffMaxMs: 16, ...limits },
    logger: { log: () => undefined },
    connect: async (address) => {
      dialled.push(address)
      const peerId = good.get(address)
      if (peerId === undefined) throw new Error('nobody there')
      connected.add(peerId)
      return peerId
    },
    isConnected: (peerId) => connected.has(peerId),
  })
  onTestFinished(async () => dialer.stop())
  return { dialer, dialled, good, connected }
}

test('addresses are tried in turn, and the last good one first', { tags: ['NET-10'] }, async () => {
  const { dialer, dialled, good, connected } = bench()
  good.set('b', 'peer')
  dialer.addDiscovered('peer', ['a', 'b', 'c'])
  await until(() => connected.has('peer'))
  expect(dialled).toEqual(['a', 'b'])
  connected.delete('peer')
  dialer.redial('peer')
  await until(() => connected.has('peer'))
  expect(dialled).toEqual(['a', 'b', 'b'])
})

test(
  'an address without a peer id stands for whoever answered there',
  { tags: ['NET-10'] },
  async () => {
    const { dialer, dialled, good, connected } = bench()
    good.set('a', 'peer')
    dialer.addStatic('a', undefined)
    await until(() => connected.has('peer'))
    expect(dialer.sourceOf('peer')).toBe('static')
    expect(dialled).toEqual(['a'])
  },
)

test('it does not give up', { tags: ['NET-10'] }, async () => {
  const { dialer, dialled, good, connected } = bench()
  dialer.addStatic('a', 'peer')
  await until(() => dialled.length >= 4)
  good.set('a', 'peer')
  await until(() => connected.has('peer'))
  expect(new Set(dialled)).toEqual(new Set(['a']))
  expect(dialled.length).toBeGreaterThan(4)
})

test('a peer that was forgotten is not dialled again', { tags: ['NET-11'] }, async () => {
  const { dialer, dialled } = bench()
  dialer.addStatic('a', 'peer')
  await until(() => dialled.length >= 1)
  dialer.forget('peer')
  dialer.addStatic('b', 'other')
  const before = dialled.filter((address) => address === 'a').length
  await until(() => dialled.filter((address) => address === 'b').length >= 3)
  expect(dialled.filter((address) => address === 'a').length).toBeLessThanOrEqual(before + 1)
})

test(
  'peers that were only announced do not push out those that answer',
  { tags: ['NET-10'] },
  async () => {
    const { dialer, dialled, good, connected } = bench({ targetsMax: 2 })
    good.set('real', 'real-peer')
    dialer.addDiscovered('real-peer', ['real'])
    dialer.addDiscovered('ghost-1', ['ghost-1'])
    await until(() => connected.has('real-peer') && dialled.includes('ghost-1'))
    await until(() => dialled.filter((address) => address === 'ghost-1').length > 1)
    dialer.addDiscovered('ghost-2', ['ghost-2'])
    await until(() => dialled.includes('ghost-2'))
    expect(dialer.sourceOf('real-peer')).toBe('lan')
    expect(dialer.sourceOf('ghost-1')).toBeUndefined()
  },
)
