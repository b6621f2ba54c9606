import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Beacon, openStore, type Store } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from './temporary-directory.ts'

function beacon(change: Partial<Beacon> = {}): Beacon {
  return { witness: 'did:w', seq: 7, timeMs: 1_000, text: 'seven', ...change }
}

async function storeAt(): Promise<{ path: string; store: Store }> {
  const path = join(await temporaryDirectory(), 'warren.db')
  return { path, store: opened(path) }
}

function opened(path: string): Store {
  const store = openStore(path)
  onTestFinished(() => store.close())
  return store
}

function refusal(code: string): unknown {
  return expect.objectContaining({ name: 'StorageError', code })
}

test(
  'of each witness the newest beacon is kept, over a restart too',
  { tags: ['STO-21'] },
  async () => {
    const { path, store } = await storeAt()
    expect(store.beacons.all()).toEqual([])
    const other = beacon({ witness: 'did:a', seq: 0, timeMs: 0 })
    store.beacons.advance(beacon())
    store.beacons.advance(other)
    store.beacons.advance(beacon({ seq: 8, timeMs: 1_001, text: 'eight' }))
    store.close()
    expect(opened(path).beacons.all()).toEqual([
      other,
      beacon({ seq: 8, timeMs: 1_001, text: 'eight' }),
    ])
  },
)

test.for([
  { name: 'the next number at the same time', change: { seq: 8 } },
  { name: 'the next number a millisecond later', change: { seq: 8, timeMs: 1_001 } },
  { name: 'the highest number', change: { seq: Number.MAX_SAFE_INTEGER } },
  { name: 'the very same beacon', change: {} },
])('$name is taken', { tags: ['STO-21'] }, async ({ change }) => {
  const { beacons } = (await storeAt()).store
  beacons.advance(beacon())
  beacons.advance(beacon(change))
  expect(beacons.all()).toEqual([beacon(change)])
})

test.for([
  { name: 'the number before', change: { seq: 6 }, code: 'beacon-goes-back' },
  {
    name: 'the number before with a later time',
    change: { seq: 6, timeMs: 9_000 },
    code: 'beacon-goes-back',
  },
  {
    name: 'a higher number a millisecond earlier',
    change: { seq: 8, timeMs: 999 },
    code: 'beacon-goes-back',
  },
  {
    name: 'the same number with another time',
    change: { timeMs: 1_001 },
    code: 'beacon-goes-back',
  },
  { name: 'the same number with another text', change: { text: 'fork' }, code: 'beacon-goes-back' },
  { name: 'half a number', change: { seq: 8.5 }, code: 'record-malformed' },
  { name: 'a number beyond the highest', change: { seq: 2 ** 53 }, code: 'record-malformed' },
  { name: 'no time', change: { seq: 8, timeMs: Number.NaN }, code: 'record-malformed' },
  {
    name: 'a text too long',
    change: { seq: 8, text: 'x'.repeat(262_145) },
    code: 'record-too-long',
  },
])('$name is refused and changes nothing', { tags: ['STO-21'] }, async ({ change, code }) => {
  const { beacons } = (await storeAt()).store
  beacons.advance(beacon())
  expect(() => beacons.advance(beacon(change))).toThrow(refusal(code))
  expect(beacons.all()).toEqual([beacon()])
})

test(
  'beacons of 1,024 witnesses are kept, and known ones go on',
  { tags: ['STO-14', 'STO-21'] },
  async () => {
    const { path, store } = await storeAt()
    const database = new DatabaseSync(path)
    database.exec(`
    WITH RECURSIVE range (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM range WHERE value < 1023)
    INSERT INTO beacon SELECT 'did:' || value, 1, 1, 'b' FROM range`)
    database.close()
    store.beacons.advance(beacon())
    expect(() => store.beacons.advance(beacon({ witness: 'did:new' }))).toThrow(
      refusal('beacons-full'),
    )
    store.beacons.advance(beacon({ seq: 8 }))
    expect(store.beacons.all()).toHaveLength(1_024)
  },
)

test('a number is used up once, and so are those below it', { tags: ['STO-22'] }, async () => {
  const { path, store } = await storeAt()
  expect(store.witness.last()).toBeUndefined()
  store.witness.reserve(0)
  expect(() => store.witness.reserve(0)).toThrow(refusal('sequence-used'))
  store.witness.reserve(1)
  store.witness.reserve(5)
  for (const used of [4, 5]) {
    expect(() => store.witness.reserve(used)).toThrow(refusal('sequence-used'))
  }
  store.close()

  const { witness } = opened(path)
  expect(witness.last()).toBe(5)
  expect(() => witness.reserve(5)).toThrow(refusal('sequence-used'))
  witness.reserve(6)
  expect(witness.last()).toBe(6)
})

test('of two that reserve one number one gets it', { tags: ['STO-22'] }, async () => {
  const { path, store } = await storeAt()
  const other = opened(path)
  other.witness.reserve(3)
  expect(() => store.witness.reserve(3)).toThrow(refusal('sequence-used'))
  expect(store.witness.last()).toBe(3)
})

test.for([-1, 1.5, Number.NaN, 2 ** 53])(
  'the number %f cannot be reserved',
  { tags: ['STO-22'] },
  async (seq) => {
    const { witness } = (await storeAt()).store
    expect(() => witness.reserve(seq)).toThrow(refusal('record-malformed'))
    witness.reserve(Number.MAX_SAFE_INTEGER)
    expect(witness.last()).toBe(Number.MAX_SAFE_INTEGER)
  },
)
