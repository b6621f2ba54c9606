import { nodeSuite } from '@warren/crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
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

test(
  'who answers at an address that is said to be of another peer is not taken for it',
  { tags: ['NET-21'] },
  async () => {
    const { dialer, dialled, good, connected } = bench()
    good.set('lure', 'other')
    dialer.addChosen('peer', ['lure'])
    await until(() => dialled.filter((address) => address === 'lure').length >= 3)
    expect(dialer.failuresOf('peer')).toBeGreaterThanOrEqual(2)
    good.set('real', 'peer')
    dialer.addStatic('real', 'peer')
    await until(() => connected.has('peer'))
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

test(
  'an announced address does not push out the one that was written down, however many there are',
  { tags: ['NET-21'] },
  async () => {
    const { dialer, dialled, good, connected } = bench({ addressesPerTargetMax: 4 })
    dialer.addStatic('written', 'peer')
    for (let round = 0; round < 10; round += 1) {
      dialer.addDiscovered(
        'peer',
        [1, 2, 3, 4].map((number) => `fake-${round}-${number}`),
      )
    }
    await until(() => dialled.length > 0)
    expect(dialled[0]).toBe('written')
    good.set('written', 'peer')
    await until(() => connected.has('peer'))
  },
)

test(
  'nor one that members gave for a peer that this node has chosen',
  { tags: ['NET-21', 'NET-40'] },
  async () => {
    const { dialer, dialled, good, connected } = bench({ addressesPerTargetMax: 2 })
    good.set('real', 'peer')
    dialer.addDiscovered('peer', ['real', 'fake'])
    dialer.addChosen('peer', ['real'])
    for (let round = 0; round < 10; round += 1) {
      dialer.addDiscovered('peer', [`fake-${round}-1`, `fake-${round}-2`])
    }
    await until(() => connected.has('peer'))
    expect(dialled).toEqual(['real'])
  },
)

test(
  'a chosen peer does not wait behind those that were announced, however many',
  { tags: ['NET-40'] },
  async () => {
    const dialled: string[] = []
    const first = Promise.withResolvers<string>()
    const dialer = new Dialer({
      clock,
      random: { randomBytes: (length) => new Uint8Array(length) },
      limits: { ...NETWORK_LIMITS, dialsParallelMax: 3, dialBackoffMinMs: 600_000 },
      logger: { log: () => undefined },
      connect: async (address) => {
        dialled.push(address)
        return dialled.length === 1 ? first.promise : Promise.reject(new Error('nobody there'))
      },
      isConnected: () => false,
    })
    onTestFinished(async () => dialer.stop())
    for (const name of ['a', 'b', 'c', 'd']) dialer.addDiscovered(name, [name])
    await until(() => dialled.length === 1)
    dialer.addChosen('chosen', ['chosen'])
    first.reject(new Error('nobody there'))
    await until(() => dialled.length === 5)
    expect(dialled.slice(0, 2)).toEqual(['a', 'chosen'])
  },
)

test('an address that has answered is not pushed out either', { tags: ['NET-21'] }, async () => {
  const { dialer, dialled, good, connected } = bench({ addressesPerTargetMax: 2 })
  good.set('real', 'peer')
  dialer.addDiscovered('peer', ['real'])
  await until(() => connected.has('peer'))
  connected.delete('peer')
  dialer.addDiscovered('peer', ['fake-1', 'fake-2'])
  dialer.addDiscovered('peer', ['fake-3', 'fake-4'])
  await until(() => connected.has('peer'))
  expect(dialled).toEqual(['real', 'real'])
})

/** What is due now has been dialled once this has. */
async function othersAreDialled({ dialer, dialled }: Bench, name: string): Promise<void> {
  dialer.addStatic(name, name)
  await until(() => dialled.includes(name))
}

describe('a peer that is heard on the LAN', { tags: ['NET-25'] }, () => {
  /** Pauses that no test outlasts. */
  const patient = { dialBackoffMinMs: 600_000, dialBackoffMaxMs: 600_000 }

  test.for([
    { name: 'with its peer id', peerId: 'peer' },
    { name: 'without it', peerId: undefined },
  ])('and was written down $name is dialled at once', async ({ peerId }) => {
    const made = bench({ ...patient, dialHeardPauseMs: 0 })
    const { dialer, dialled, good, connected } = made
    good.set('a', 'peer')
    dialer.addStatic('a', peerId)
    await until(() => connected.has('peer'))
    good.delete('a')
    connected.delete('peer')
    dialer.addDiscovered('peer', ['a'])
    await until(() => dialled.filter((address) => address === 'a').length >= 2)

    good.set('a', 'peer')
    await othersAreDialled(made, 'b')
    dialer.addDiscovered('peer', ['a'])
    await until(() => connected.has('peer'))
    expect(new Set(dialled)).toEqual(new Set(['a', 'b']))
  })

  test('is not dialled before the pause after the last dial is over', async () => {
    const made = bench({ ...patient, dialHeardPauseMs: 600_000 })
    const { dialer, dialled } = made
    dialer.addStatic('a', 'peer')
    await until(() => dialled.includes('a'))
    dialer.addDiscovered('peer', ['a'])
    await othersAreDialled(made, 'b')
    dialer.addDiscovered('peer', ['a'])
    await othersAreDialled(made, 'c')
    expect(dialled).toEqual(['a', 'b', 'c'])
  })

  test('and never answered waits for its turn', async () => {
    const made = bench({ ...patient, dialHeardPauseMs: 0 })
    const { dialer, dialled } = made
    dialer.addDiscovered('ghost', ['g'])
    await until(() => dialled.includes('g'))
    dialer.addDiscovered('ghost', ['g'])
    await othersAreDialled(made, 'b')
    dialer.addDiscovered('ghost', ['g'])
    await othersAreDialled(made, 'c')
    expect(dialled).toEqual(['g', 'b', 'c'])
  })
})

test(
  'an address that fails goes behind the others, so that each has its turn',
  { tags: ['NET-21'] },
  async () => {
    const { dialer, dialled } = bench()
    dialer.addDiscovered('peer', ['a', 'b'])
    dialer.addStatic('written', 'peer')
    await until(() => dialled.length >= 6)
    expect(new Set(dialled.slice(0, 3))).toEqual(new Set(['a', 'b', 'written']))
    expect(new Set(dialled.slice(3, 6))).toEqual(new Set(['a', 'b', 'written']))
  },
)

test.for([
  { first: 'announced', dialsParallelMax: 3 },
  { first: 'written down', dialsParallelMax: 3 },
])(
  'peers that are $first and never answer leave a dial for the others',
  { tags: ['NET-21'] },
  async ({ first, dialsParallelMax }) => {
    const hanging = Promise.withResolvers<string>()
    const asked: string[] = []
    const dialer = new Dialer({
      clock,
      random: nodeSuite,
      limits: { ...NETWORK_LIMITS, dialsParallelMax },
      logger: { log: () => undefined },
      connect: async (address) => {
        asked.push(address)
        return address === 'real' ? 'real-peer' : hanging.promise
      },
      isConnected: () => false,
    })
    const add = (key: string, isFirst: boolean): void => {
      if (isFirst === (first === 'announced')) dialer.addDiscovered(key, [key])
      else dialer.addStatic(key, key)
    }
    for (const number of [1, 2, 3, 4]) add(`ghost-${number}`, true)
    await until(() => asked.length > 0)
    add('real', false)
    await until(() => asked.includes('real'))
    expect(asked.filter((address) => address !== 'real')).toHaveLength(1)
    hanging.resolve('nobody')
    await dialer.stop()
  },
)
