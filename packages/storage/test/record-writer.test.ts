import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { GRANTS_MAX, openStore, RecordWriter, type Store, type StoredRecord } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from './temporary-directory.ts'

const WAL_HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24
const PAGE_BYTES = 4_096

function record(id: string, kind: StoredRecord['kind'] = 'grant'): StoredRecord {
  return { id, kind, text: `{"of":"${id}"}` }
}

function many(count: number): StoredRecord[] {
  return Array.from({ length: count }, (_, index) => record(`many-${index}`))
}

async function writerAt(): Promise<{ path: string; store: Store; writer: RecordWriter }> {
  const path = join(await temporaryDirectory(), 'warren.db')
  const store = openStore(path)
  onTestFinished(() => store.close())
  return { path, store, writer: new RecordWriter(store.records) }
}

/** Transactions in the log: the last frame of each holds the size of the database (https://www.sqlite.org/fileformat.html §4.1). */
function transactionsIn(path: string): number {
  const log = readFileSync(`${path}-wal`)
  let count = 0
  for (let at = WAL_HEADER_BYTES; at < log.length; at += FRAME_HEADER_BYTES + PAGE_BYTES) {
    if (log.readUInt32BE(at + 4) !== 0) count += 1
  }
  return count
}

test(
  'what arrives in one turn is one transaction, and what arrives in the next is another',
  { tags: ['STO-19'] },
  async () => {
    const { path, store, writer } = await writerAt()
    const before = transactionsIn(path)
    const counts = await Promise.all(many(100).map((one) => writer.add([one])))
    expect(counts).toEqual(Array.from({ length: 100 }, () => 1))
    expect(transactionsIn(path)).toBe(before + 1)
    expect([...store.records.all()]).toEqual(many(100))

    await writer.add([record('later')])
    expect(transactionsIn(path)).toBe(before + 2)
  },
)

test(
  'a caller learns that its record is durable when it is, and not before',
  { tags: ['STO-19'] },
  async () => {
    const { path, writer } = await writerAt()
    const other = openStore(path)
    onTestFinished(() => other.close())
    const seen: string[] = []
    const one = writer.add([record('a')]).then(() => seen.push('resolved'))
    await Promise.resolve()
    expect([seen, other.records.get('a')]).toEqual([[], undefined])
    await one
    expect(other.records.get('a')).toEqual(record('a'))
  },
)

test('each caller hears what came of its own', { tags: ['STO-17', 'STO-19'] }, async () => {
  const { path, store, writer } = await writerAt()
  const database = new DatabaseSync(path)
  database.exec(`
    WITH RECURSIVE range (value) AS (SELECT 2 UNION ALL SELECT value + 1 FROM range WHERE value < ${GRANTS_MAX})
    INSERT INTO signed_record (id, kind, text) SELECT 'g' || value, 'grant', '{}' FROM range`)
  database.close()

  const refused = (code: string): unknown => ({
    status: 'rejected',
    reason: expect.objectContaining({ name: 'StorageError', code }),
  })
  expect(
    await Promise.allSettled([
      writer.add([record('last')]),
      writer.add([record('too many')]),
      writer.add([record('a', 'removal'), record('too many')]),
      writer.add([{ ...record('bad'), text: '\0' }]),
      writer.add([record('b', 'removal'), record('g2')]),
      writer.add([]),
    ]),
  ).toEqual([
    { status: 'fulfilled', value: 1 },
    refused('records-full'),
    refused('records-full'),
    refused('record-malformed'),
    { status: 'fulfilled', value: 1 },
    { status: 'fulfilled', value: 0 },
  ])
  expect(['last', 'too many', 'a', 'bad', 'b'].map((id) => store.records.get(id)?.kind)).toEqual([
    'grant',
    undefined,
    'removal',
    undefined,
    'removal',
  ])
})

test.for([
  { waiting: 1_023, transactions: 0 },
  { waiting: 1_024, transactions: 1 },
])(
  'one more behind $waiting that wait makes $transactions transactions before the turn ends',
  { tags: ['STO-18', 'STO-19'] },
  async ({ waiting, transactions }) => {
    const { path, writer } = await writerAt()
    const before = transactionsIn(path)
    const first = writer.add(many(waiting))
    const second = writer.add([record('one more')])
    expect(transactionsIn(path)).toBe(before + transactions)
    expect(await Promise.all([first, second])).toEqual([waiting, 1])
    expect(transactionsIn(path)).toBe(before + transactions + 1)
  },
)

test('a flush writes what waits, once', { tags: ['STO-19'] }, async () => {
  const { path, store, writer } = await writerAt()
  const before = transactionsIn(path)
  const one = writer.add([record('a')])
  writer.flush()
  writer.flush()
  expect(store.records.get('a')).toEqual(record('a'))
  expect(await one).toBe(1)
  await nextTurn()
  expect(transactionsIn(path)).toBe(before + 1)
})

test('after the store is closed every caller is refused', { tags: ['STO-19'] }, async () => {
  const { store, writer } = await writerAt()
  const callers = many(2).map((one) => writer.add([one]))
  store.close()
  const closed = {
    status: 'rejected',
    reason: expect.objectContaining({ name: 'StorageError', code: 'store-closed' }),
  }
  expect(await Promise.allSettled(callers)).toEqual([closed, closed])
})
