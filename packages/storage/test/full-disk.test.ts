import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { openStore, type StoredRecord } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { RecordWriter } from '../src/record-writer.ts'
import { Records } from '../src/records.ts'
import { migrate } from '../src/schema.ts'
import { Sqlite } from '../src/sqlite.ts'
import { runChild } from './run-child.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const FULL = expect.objectContaining({ name: 'StorageError', code: 'store-full' })
const ADVICE = /free space where the data directory lies, then try again$/
const PRIVATE_MOUNTS = ['unshare', '--user', '--map-root-user', '--mount']

const canMount = canMountPrivately()
if (!canMount) console.log('skipped, no small disk: this user cannot mount one of its own')

function canMountPrivately(): boolean {
  const [command, ...args] = [...PRIVATE_MOUNTS, 'mount', '-t', 'tmpfs', 'none', '/tmp']
  return spawnSync(command, args).status === 0
}

function record(id: string, length = 8_000): StoredRecord {
  return { id, kind: 'removal', text: 'x'.repeat(length) }
}

/** Records in a file that may have so many pages more than it has now. */
async function recordsWithin(
  pages: number,
): Promise<{ records: Records; grow: (pages: number) => void }> {
  const database = new Sqlite(join(await temporaryDirectory(), 'warren.db'))
  onTestFinished(() => database.close())
  migrate(database)
  const now = Number(database.get('PRAGMA page_count')?.['page_count'])
  const grow = (more: number): void => database.execute(`PRAGMA max_page_count = ${now + more}`)
  grow(pages)
  return { records: new Records(database), grow }
}

test(
  'a batch that fits is kept, one for which there is too little room leaves nothing, and then there is room',
  { tags: ['STO-20'] },
  async () => {
    const { records, grow } = await recordsWithin(4)
    expect(records.add([record('a')])).toBe(1)
    const batch = [record('b', 100), record('c', 20_000)]
    expect(() => records.add(batch)).toThrow(FULL)
    expect(() => records.add(batch)).toThrow(ADVICE)
    expect([...records.all()]).toEqual([record('a')])
    expect(records.count('removal')).toBe(1)

    grow(16)
    expect(records.add(batch)).toBe(2)
    expect([...records.all()].map(({ id }) => id)).toEqual(['a', 'b', 'c'])
  },
)

test(
  'where the disk has room for some of those that came together, these are kept',
  { tags: ['STO-19', 'STO-20'] },
  async () => {
    const { records } = await recordsWithin(4)
    const writer = new RecordWriter(records)
    const outcomes = await Promise.allSettled([
      writer.add([record('long', 100_000)]),
      writer.add([record('short')]),
    ])
    expect(outcomes).toEqual([
      { status: 'rejected', reason: FULL },
      { status: 'fulfilled', value: 1 },
    ])
    expect([...records.all()].map(({ id }) => id)).toEqual(['short'])
  },
)

test.skipIf(!canMount)(
  'a real disk that is full refuses in words, keeps what it has, and is written again once there is room',
  { tags: ['STO-20'] },
  async () => {
    const child = runChild('write-on-a-small-disk.ts', [await temporaryDirectory()], PRIVATE_MOUNTS)
    const lines = (await child.finished).trimEnd().split('\n')
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      ['open', 'store-full', expect.stringMatching(ADVICE)],
      ['fill', 'store-full', expect.stringMatching(ADVICE)],
      ['batch', 'store-full', expect.stringMatching(ADVICE)],
      ['readable', 0],
      ['again', 1],
      ['kept', 1],
    ])
  },
)

test.skipIf(process.platform === 'win32')(
  'a write that fails as over a quota names the code and says what to look at',
  { tags: ['STO-20'] },
  async () => {
    const path = join(await temporaryDirectory(), 'warren.db')
    openStore(path).close()
    // No file may grow beyond this; the system answers as it does for a quota, with an error other than a full disk.
    const limited = ['sh', '-c', 'ulimit -f 512; exec "$@"', 'sh']
    const output = await runChild('write-until-refused.ts', [path], limited).finished
    const lines = output.trimEnd().split('\n')
    expect(lines.at(-1)).toBe(
      'store-failed: the store failed (SQLITE_IOERR_WRITE): the disk of the data directory may be full, ' +
        'over a quota or failing; free space there and read the log of the system',
    )
    expect(lines.length).toBeGreaterThan(1)
    const store = openStore(path)
    onTestFinished(() => store.close())
    expect([...store.records.all()].map(({ id }) => id)).toEqual(lines.slice(0, -1))
    expect(store.records.add([record('after')])).toBe(1)
  },
)
