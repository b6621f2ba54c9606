import { nodeSuite } from '@warren/crypto'
import { expect, onTestFinished, test } from 'vitest'
import { Dialer } from '../src/dialer.ts'
import { NETWORK_LIMITS, type NetworkLimits } from '../src/network-limits.ts'
import { clock, until } from './lab.ts'

const PINNED = { peerId: 'pinned', addresses: ['p'], heard: [] }

/** A dialler to whom nobody answers; `hanging` addresses do not even fail. */
function lonely(limits: Partial<NetworkLimits>, isHanging: (address: string) => boolean) {
  const dialled: string[] = []
  const end = Promise.withResolvers<string>()
  const dialer = new Dialer({
    clock,
    random: nodeSuite,
    limits: { ...NETWORK_LIMITS, dialBackoffMinMs: 2, dialBackoffMaxMs: 4, ...limits },
    logger: { log: () => undefined },
    connect: async (address) => {
      dialled.push(address)
      if (isHanging(address)) return end.promise
      throw new Error('nobody there')
    },
    isConnected: () => false,
  })
  onTestFinished(async () => {
    end.resolve('somebody')
    await dialer.stop()
  })
  return { dialer, dialled }
}

const timesOf = (dialled: readonly string[], address: string): number =>
  dialled.filter((each) => each === address).length

test('a pinned contact is dialled without end', { tags: ['NET-42'] }, async () => {
  const { dialer, dialled } = lonely({}, () => false)
  dialer.pin([PINNED])
  await until(() => timesOf(dialled, 'p') >= 10)
  expect(dialer.failuresOf('pinned')).toBeGreaterThanOrEqual(9)
})

test(
  'dials that hang, as many as there may be, do not hold it up',
  { tags: ['NET-42'] },
  async () => {
    const { dialer, dialled } = lonely({ dialsParallelMax: 3 }, (address) => address !== 'p')
    for (const number of [1, 2, 3, 4]) {
      dialer.addStatic(`s${number}`, `s${number}`)
      dialer.addDiscovered(`l${number}`, [`l${number}`])
    }
    await until(() => dialled.length === 2)
    dialer.pin([PINNED])
    await until(() => timesOf(dialled, 'p') >= 2)
    expect(dialled.filter((address) => address !== 'p')).toHaveLength(2)
  },
)

test('it has a place where there is none, and keeps it', { tags: ['NET-42'] }, async () => {
  const { dialer, dialled } = lonely({ targetsMax: 2, connectionsReserved: 1 }, () => false)
  dialer.addStatic('a', 'a')
  dialer.addStatic('b', 'b')
  dialer.pin([PINNED])
  await until(() => timesOf(dialled, 'p') >= 2)
  for (const number of [1, 2, 3, 4]) dialer.addChosen(`c${number}`, [`c${number}`])
  dialer.giveUp('pinned')
  const before = timesOf(dialled, 'p')
  await until(() => timesOf(dialled, 'p') > before + 2)
  expect(dialled.filter((address) => address.startsWith('c'))).toEqual([])
})

test('chosen peers have places that others cannot take', { tags: ['NET-43'] }, async () => {
  const { dialer, dialled } = lonely({ targetsMax: 2, connectionsReserved: 1 }, () => false)
  for (const address of ['a', 'b', 'c']) dialer.addStatic(address, address)
  dialer.addChosen('d', ['d'])
  await until(() => dialer.failuresOf('d') >= 1)
  dialer.addDiscovered('e', ['e'])
  const before = timesOf(dialled, 'd')
  await until(() => timesOf(dialled, 'd') >= before + 2)
  expect(['c', 'e'].map((peerId) => dialer.failuresOf(peerId))).toEqual([-1, -1])
})

test('whoever is pinned no more is dialled like others', { tags: ['NET-42'] }, async () => {
  const { dialer, dialled } = lonely({}, () => false)
  dialer.pin([{ ...PINNED, addresses: [], heard: ['p'] }])
  dialer.addChosen('pinned', ['p'])
  await until(() => dialled.length > 0)
  dialer.giveUp('pinned')
  const before = dialled.length
  await until(() => dialled.length > before + 1)
  dialer.pin([])
  dialer.giveUp('pinned')
  expect(dialer.failuresOf('pinned')).toBe(-1)
})
