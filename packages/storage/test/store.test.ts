import { chmod, copyFile, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openStore, type Store } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { migrate } from '../src/schema.ts'
import { Sqlite } from '../src/sqlite.ts'
import { temporaryDirectory } from './temporary-directory.ts'

function opened(path: string, busyTimeoutMs?: number): Store {
  const store = openStore(path, busyTimeoutMs === undefined ? {} : { busyTimeoutMs })
  onTestFinished(() => store.close())
  return store
}

async function emptyStore(): Promise<Store> {
  return opened(join(await temporaryDirectory(), 'warren.db'))
}

test(
  'records come back as they were written, after reopening too',
  { tags: ['STO-9'] },
  async () => {
    const path = join(await temporaryDirectory(), 'warren.db')
    const first = openStore(path)
    expect(first.charter.read()).toBeUndefined()
    first.charter.write('{"k":1}')
    first.charter.write('{"k":2,"name":"Bau \u{1f407}"}')
    first.identityLog.write('log\n')
    first.membership.write('membership')
    first.close()
    first.close()

    const second = opened(path)
    expect(second.charter.read()).toBe('{"k":2,"name":"Bau \u{1f407}"}')
    expect(second.identityLog.read()).toBe('log\n')
    expect(second.membership.read()).toBe('membership')
    expect(() => first.charter.read()).toThrow(expect.objectContaining({ code: 'store-closed' }))
  },
)

test(
  'the store runs in WAL mode, fully synchronous, for its owner alone',
  { tags: ['STO-9'] },
  async () => {
    const path = join(await temporaryDirectory(), 'warren.db')
    opened(path).charter.write('x')
    const files = [path, `${path}-wal`, `${path}-shm`]
    const modes = await Promise.all(files.map(async (file) => (await stat(file)).mode & 0o777))
    expect(modes).toEqual([0o600, 0o600, 0o600])
  },
)

test(
  'every commit is flushed to the disk before it is acknowledged',
  { tags: ['STO-9'] },
  async () => {
    const database = new Sqlite(join(await temporaryDirectory(), 'warren.db'))
    onTestFinished(() => database.close())
    migrate(database)
    // 2 is FULL: https://www.sqlite.org/pragma.html#pragma_synchronous. A killed process alone would not show the difference.
    expect(database.get('PRAGMA synchronous')).toEqual({ synchronous: 2 })
    expect(database.get('PRAGMA journal_mode')).toEqual({ journal_mode: 'wal' })
  },
)

test.for([
  { name: 'the longest', text: 'x'.repeat(1_048_576), code: undefined },
  { name: 'one more', text: 'x'.repeat(1_048_577), code: 'record-too-long' },
  { name: 'a lone surrogate', text: '\ud800', code: 'record-malformed' },
  { name: 'a NUL', text: 'a\0b', code: 'record-malformed' },
])('a record with $name gives $code', { tags: ['STO-14'] }, async ({ text, code }) => {
  const store = await emptyStore()
  if (code === undefined) {
    store.charter.write(text)
    expect(store.charter.read()).toBe(text)
  } else expect(() => store.charter.write(text)).toThrow(expect.objectContaining({ code }))
})

test('a store of a newer program is refused and left alone', { tags: ['STO-12'] }, async () => {
  const path = join(await temporaryDirectory(), 'warren.db')
  openStore(path).close()
  const newer = new DatabaseSync(path)
  newer.exec('PRAGMA user_version = 99')
  newer.close()
  const before = await readFile(path)

  expect(() => openStore(path)).toThrow(expect.objectContaining({ code: 'store-newer' }))
  expect(await readFile(path)).toEqual(before)
})

test('a damaged store is refused', { tags: ['STO-12'] }, async () => {
  const directory = await temporaryDirectory()
  const path = join(directory, 'warren.db')
  const store = openStore(path)
  for (let index = 0; index < 50; index += 1) {
    store.peers.remember({
      did: `did:${index}`,
      log: 'x'.repeat(2_000),
      addresses: [],
      seenMs: index,
    })
  }
  store.close()

  const damages: Record<string, (file: string) => Promise<void>> = {
    text: (file) =>
      writeFile(file, 'this is not a store, and long enough for a header'.repeat(100)),
    cut: async (file) => truncate(file, Math.floor((await stat(file)).size / 2)),
    overwritten: async (file) => {
      const pages = await readFile(file)
      pages.fill(0x5a, 4_096, 40_960)
      await writeFile(file, pages)
    },
  }
  for (const [name, damage] of Object.entries(damages)) {
    const copy = join(directory, name)
    await copyFile(path, copy)
    await damage(copy)
    expect(() => openStore(copy)).toThrow(expect.objectContaining({ code: 'store-corrupt' }))
  }
})

test('the database of another program is refused', { tags: ['STO-12'] }, async () => {
  const path = join(await temporaryDirectory(), 'other.db')
  const other = new DatabaseSync(path)
  other.exec('CREATE TABLE t (x)')
  other.close()
  expect(() => openStore(path)).toThrow(expect.objectContaining({ code: 'store-corrupt' }))
})

test(
  'a store that another one writes is refused after the wait',
  { tags: ['STO-12'] },
  async () => {
    const path = join(await temporaryDirectory(), 'warren.db')
    const store = opened(path, 20)
    const other = new DatabaseSync(path)
    onTestFinished(() => other.close())
    other.exec('BEGIN IMMEDIATE')

    expect(() => store.charter.write('x')).toThrow(
      expect.objectContaining({ code: 'store-locked' }),
    )
    other.exec('COMMIT')
    store.charter.write('x')
    expect(store.charter.read()).toBe('x')
  },
)

test('a store is not opened through a link', { tags: ['STO-12'] }, async () => {
  const directory = await temporaryDirectory()
  openStore(join(directory, 'target')).close()
  await symlink(join(directory, 'target'), join(directory, 'link'))
  expect(() => openStore(join(directory, 'link'))).toThrow(
    expect.objectContaining({ code: 'file-symlink' }),
  )
})

test('a store that others may read is closed to them', { tags: ['NODE-5'] }, async () => {
  const path = join(await temporaryDirectory(), 'warren.db')
  openStore(path).close()
  await chmod(path, 0o644)
  opened(path)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('a directory in place of the store is refused', { tags: ['STO-12'] }, async () => {
  const directory = await temporaryDirectory()
  expect(() => openStore(directory)).toThrow(expect.objectContaining({ code: 'file-not-regular' }))
  const nowhere = join(directory, 'missing', 'warren.db')
  expect(() => openStore(nowhere)).toThrow(expect.objectContaining({ code: 'file-unwritable' }))
})

test('peers are remembered, the last seen first, and forgotten', { tags: ['STO-9'] }, async () => {
  const { peers } = await emptyStore()
  const peer = { did: 'did:a', log: 'l1', addresses: ['/ip4/10.0.0.1/tcp/1'], seenMs: 1 }
  peers.remember(peer)
  peers.remember({ did: 'did:b', log: 'l', addresses: [], seenMs: 2 })
  expect(peers.list().map(({ did }) => did)).toEqual(['did:b', 'did:a'])

  peers.remember({ ...peer, log: 'l2', seenMs: 3 })
  expect(peers.get('did:a')).toEqual({ ...peer, log: 'l2', seenMs: 3 })
  expect(peers.list().map(({ did }) => did)).toEqual(['did:a', 'did:b'])
  expect(peers.forget('did:a')).toBe(true)
  expect(peers.forget('did:a')).toBe(false)
  expect(peers.get('did:a')).toBeUndefined()
})

test('too many or too long addresses are refused', { tags: ['STO-14'] }, async () => {
  const { peers } = await emptyStore()
  const remember = (addresses: readonly string[]): void =>
    peers.remember({ did: 'did:a', log: 'l', addresses, seenMs: 1 })
  remember(Array.from({ length: 16 }, () => 'x'.repeat(256)))
  const refusal = expect.objectContaining({ code: 'record-too-long' })
  expect(() => remember(Array.from({ length: 17 }, () => 'x'))).toThrow(refusal)
  expect(() => remember(['x'.repeat(257)])).toThrow(refusal)
})

test(
  'of more than 10,000 peers the one not seen for longest is forgotten',
  { tags: ['STO-14'] },
  async () => {
    const path = join(await temporaryDirectory(), 'warren.db')
    const { peers } = opened(path)
    fill(path, `INSERT INTO peer SELECT 'did:' || value, 'l', '[]', value FROM range`)
    peers.remember({ did: 'did:new', log: 'l', addresses: [], seenMs: 0 })

    expect(peers.list()).toHaveLength(10_000)
    expect(peers.get('did:1')).toBeUndefined()
    expect(peers.get('did:2')).toBeDefined()
    expect(peers.get('did:new')).toBeDefined()
  },
)

test('the alias of a server stays, and no other server gets it', { tags: ['STO-13'] }, async () => {
  const path = join(await temporaryDirectory(), 'warren.db')
  const { aliases } = opened(path)
  const first = aliases.aliasFor('did:a', 'files')
  expect(first).toBe('files')
  expect(aliases.aliasFor('did:b', 'files')).toBe('files-2')
  expect(aliases.aliasFor('did:c', 'Files')).toBe('files-3')
  expect(aliases.aliasFor('did:a', 'files')).toBe(first)

  const reopened = opened(path)
  expect(reopened.aliases.aliasFor('did:b', 'files')).toBe('files-2')
  expect(reopened.aliases.resolve('files-2')).toEqual({
    alias: 'files-2',
    did: 'did:b',
    server: 'files',
  })
  expect(reopened.aliases.resolve('nobody')).toBeUndefined()
  expect(reopened.aliases.list().map(({ alias }) => alias)).toEqual(['files', 'files-2', 'files-3'])
})

test.for([
  { server: 'My Server!', alias: 'my-server' },
  { server: '42', alias: 'server' },
  { server: '7zip_tool', alias: 'zip-tool' },
  { server: '', alias: 'server' },
  { server: '\u{1f407}\u{1f407}', alias: 'server' },
  { server: 'a'.repeat(21), alias: 'a'.repeat(20) },
  { server: `${'a'.repeat(19)}-b`, alias: 'a'.repeat(19) },
])('the server $server becomes $alias', { tags: ['STO-13'] }, async ({ server, alias }) => {
  const { aliases } = await emptyStore()
  expect(aliases.aliasFor('did:a', server)).toBe(alias)
  expect(aliases.aliasFor('did:b', server)).toMatch(/^[a-z][a-z0-9-]{0,17}-2$/)
})

test('one member can take 256 aliases and no more', { tags: ['STO-14'] }, async () => {
  const path = join(await temporaryDirectory(), 'warren.db')
  const { aliases } = opened(path)
  fill(path, `INSERT INTO alias SELECT 'x' || value, 'did:a', value FROM range WHERE value < 256`)
  aliases.aliasFor('did:a', 'the last')
  const refusal = expect.objectContaining({ code: 'aliases-full' })
  expect(() => aliases.aliasFor('did:a', 'one more')).toThrow(refusal)
  expect(aliases.aliasFor('did:b', 'one more')).toBe('one-more')

  fill(path, `INSERT OR IGNORE INTO alias SELECT 'y' || value, 'did:' || value, 's' FROM range`)
  expect(() => aliases.aliasFor('did:new', 's')).toThrow(refusal)
})

/** Runs SQL over the numbers 1 to 10,000, named `range`, past the store. */
function fill(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  const range = `WITH RECURSIVE range (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM range WHERE value < 10000)`
  database.exec(sql.replace('SELECT', `${range} SELECT`))
  database.close()
}
