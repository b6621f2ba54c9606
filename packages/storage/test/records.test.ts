import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  GRANTS_MAX,
  openStore,
  type RecordKind,
  type Store,
  type StoredRecord,
} from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from './temporary-directory.ts'

const FULL = expect.objectContaining({ name: 'StorageError', code: 'records-full' })

function record(id: string, kind: RecordKind = 'grant', text = `{"of":"${id}"}`): StoredRecord {
  return { id, kind, text }
}

function many(count: number): StoredRecord[] {
  return Array.from({ length: count }, (_, index) => record(`many-${index}`))
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

/** Adds grants past the store. */
function fill(path: string, count: number): void {
  const database = new DatabaseSync(path)
  database.exec(`
    WITH RECURSIVE range (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM range WHERE value < ${count})
    INSERT INTO signed_record (id, kind, text) SELECT 'g' || value, 'grant', '{}' FROM range`)
  database.close()
}

test(
  'records come back as they came and in that order, after reopening too',
  { tags: ['STO-16'] },
  async () => {
    const { path, store } = await storeAt()
    const first = record('z', 'grant', '{"name":"Bau \u{1f407}"}')
    const later = [record('a', 'removal'), record('m')]
    expect(store.records.add([first])).toBe(1)
    expect(store.records.add(later)).toBe(2)
    expect(store.records.add([])).toBe(0)
    store.close()

    const { records } = opened(path)
    expect([...records.all()]).toEqual([first, ...later])
    expect(records.get('a')).toEqual(later[0])
    expect(records.get('nobody')).toBeUndefined()
    expect([records.count('grant'), records.count('removal')]).toEqual([2, 1])
  },
)

test(
  'a record that is there stays as it is and is not counted again',
  { tags: ['STO-16'] },
  async () => {
    const { records } = (await storeAt()).store
    records.add([record('a'), record('b')])
    const again = [record('a', 'grant', 'other'), record('c'), record('c', 'grant', 'other')]
    expect(records.add(again)).toBe(1)
    expect([...records.all()]).toEqual([record('a'), record('b'), record('c')])
    expect(records.count('grant')).toBe(3)
  },
)

test(
  'a grant with the signatures of more copies takes the place of the one that is there, and nothing else does',
  { tags: ['STO-16'] },
  async () => {
    const { path, store } = await storeAt()
    const removal = record('r', 'removal')
    store.records.add([record('a'), removal, record('b')])
    const joined = (id: string, kind: RecordKind = 'grant'): StoredRecord => ({
      ...record(id, kind, 'joined'),
      isJoined: true,
    })
    expect(store.records.add([joined('a'), joined('new'), joined('r', 'removal')])).toBe(1)
    expect(store.records.add([record('a')])).toBe(0)
    store.close()
    const { records } = opened(path)
    expect([...records.all()]).toEqual([
      record('a', 'grant', 'joined'),
      removal,
      record('b'),
      record('new', 'grant', 'joined'),
    ])
    expect([records.count('grant'), records.count('removal')]).toEqual([3, 1])
  },
)

test.for([0, 1, 63, 64, 65, 129])(
  'all %i records are read, each once, and the store can be used between two of them',
  { tags: ['STO-16'] },
  async (count) => {
    const { records } = (await storeAt()).store
    records.add(many(count))
    const read: string[] = []
    for (const { id } of records.all()) {
      expect(records.add([record(id, 'grant', 'other')])).toBe(0)
      read.push(id)
    }
    expect(read).toEqual(many(count).map(({ id }) => id))
  },
)

test('what is added while records are read comes at the end', { tags: ['STO-16'] }, async () => {
  const { records } = (await storeAt()).store
  records.add([record('a'), record('b')])
  const reading = records.all()
  expect(reading.next().value).toEqual(record('a'))
  records.add([record('c')])
  expect([...reading]).toEqual([record('b'), record('c')])
})

test('the last grant finds a place and the next does not', { tags: ['STO-17'] }, async () => {
  const { path, store } = await storeAt()
  fill(path, GRANTS_MAX - 2)
  expect(() => store.records.add([record('a'), record('b'), record('c')])).toThrow(FULL)
  expect(store.records.get('a')).toBeUndefined()
  expect(store.records.add([record('a'), record('b'), record('a'), record('g1')])).toBe(2)
  expect(store.records.count('grant')).toBe(GRANTS_MAX)
  expect(() => store.records.add([record('c')])).toThrow(FULL)
  expect(store.records.add([record('a'), record('g1')])).toBe(0)
})

test(
  'where no grant finds a place every removal does, also in one batch with a grant that is refused',
  { tags: ['STO-17'] },
  async () => {
    const { path, store } = await storeAt()
    fill(path, GRANTS_MAX)
    expect(store.records.add([record('alone', 'removal')])).toBe(1)
    const mixed = [record('x'), record('first', 'removal'), record('y'), record('last', 'removal')]
    expect(() => store.records.add(mixed)).toThrow(FULL)
    expect(mixed.map(({ id }) => store.records.get(id)?.kind)).toEqual([
      undefined,
      'removal',
      undefined,
      'removal',
    ])
    expect(store.records.count('grant')).toBe(GRANTS_MAX)
  },
)

test('removals are not bounded as grants are', { tags: ['STO-17'] }, async () => {
  const { path, store } = await storeAt()
  fill(path, GRANTS_MAX)
  const database = new DatabaseSync(path)
  database.exec(`
    INSERT INTO signed_record (id, kind, text) SELECT 'r' || id, 'removal', '{}' FROM signed_record`)
  database.close()
  expect(store.records.count('removal')).toBe(GRANTS_MAX)
  expect(store.records.add([record('one more', 'removal')])).toBe(1)
})

test.for([
  { name: 'the longest text', batch: [record('a', 'removal', 'x'.repeat(262_144))] },
  { name: 'the longest id', batch: [record('i'.repeat(128))] },
  { name: 'as many as a batch may have', batch: many(1_024) },
])('$name is taken', { tags: ['STO-18'] }, async ({ batch }) => {
  const { records } = (await storeAt()).store
  expect(records.add(batch)).toBe(batch.length)
  expect([...records.all()]).toEqual(batch)
})

test.for([
  {
    name: 'a longer text',
    batch: [record('a', 'removal', 'x'.repeat(262_145))],
    code: 'record-too-long',
  },
  { name: 'a longer id', batch: [record('i'.repeat(129))], code: 'record-too-long' },
  { name: 'one record too many', batch: many(1_025), code: 'batch-too-large' },
  { name: 'a NUL in a text', batch: [record('a', 'grant', 'a\0b')], code: 'record-malformed' },
  { name: 'half a character in an id', batch: [record('\ud800')], code: 'record-malformed' },
])('$name is refused, and what came with it too', { tags: ['STO-18'] }, async ({ batch, code }) => {
  const { records } = (await storeAt()).store
  const all = [record('before'), ...batch].slice(-1_025)
  expect(() => records.add(all)).toThrow(expect.objectContaining({ name: 'StorageError', code }))
  expect([...records.all()]).toEqual([])
})

/** A store of version 1, as it was before there were records. */
async function olderStore(): Promise<string> {
  const { path, store } = await storeAt()
  store.charter.write('charter')
  store.peers.remember({ did: 'did:a', log: 'l', addresses: [], seenMs: 1 })
  store.close()
  const database = new DatabaseSync(path)
  database.exec(`
    DROP TABLE signed_record;
    DROP TABLE signed_record_count;
    DROP TABLE beacon;
    DROP TABLE witness_sequence;
    DROP TABLE cosigned_tree;
    DROP TABLE caller_call;
    DROP TABLE caller_quarantine;
    PRAGMA user_version = 1`)
  database.close()
  return path
}

test(
  'a store from before there were records keeps what it has and takes them',
  { tags: ['STO-23'] },
  async () => {
    const { charter, peers, records } = opened(await olderStore())
    expect(charter.read()).toBe('charter')
    expect(peers.get('did:a')?.log).toBe('l')
    expect(records.add([record('a')])).toBe(1)
  },
)

test(
  'a store from before there were records stays so while another process writes it',
  { tags: ['STO-23'] },
  async () => {
    const path = await olderStore()
    const other = new DatabaseSync(path)
    onTestFinished(() => other.close())
    other.exec('BEGIN IMMEDIATE')
    expect(() => openStore(path, { busyTimeoutMs: 20 })).toThrow(
      expect.objectContaining({ code: 'store-locked' }),
    )
    other.exec('COMMIT')
    expect(other.prepare('PRAGMA user_version').get()).toEqual({ user_version: 1 })
    expect(opened(path).charter.read()).toBe('charter')
  },
)
