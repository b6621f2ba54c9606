import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AuditArchive } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { tilePath } from '../../src/audit/tile-path.ts'
import { temporaryDirectory } from '../temporary-directory.ts'
import { alert, openAudit, suite } from './audit-node.ts'

/** More than two full tiles, and some that are in none. */
const ENTRIES = 600
const SIZES = [1, 255, 256, 257, 511, 512, 513, ENTRIES]

async function filled(): Promise<{
  readonly directory: string
  readonly audit: Awaited<ReturnType<typeof openAudit>>
}> {
  const directory = join(await temporaryDirectory(), 'audit')
  const audit = await openAudit(directory, { limits: { segmentBytesMax: 40_000 } })
  onTestFinished(async () => audit.stop())
  for (let at = 0; at < ENTRIES; at += 100) {
    await Promise.all(
      Array.from({ length: 100 }, async (_, more) => audit.append(alert(`${at + more}`))),
    )
  }
  return { directory, audit }
}

function hexOf(hashes: readonly Uint8Array[]): readonly string[] {
  return hashes.map((hash) => Buffer.from(hash).toString('hex'))
}

test(
  'a log is read as it lies there, while it is open and when it is closed',
  { tags: ['AFS-22'] },
  async () => {
    const { directory, audit } = await filled()
    const archive = await AuditArchive.open(directory, suite)
    expect(archive.size).toBe(ENTRIES)
    expect(archive.checkpoint).toBe(audit.checkpoint)
    expect(archive.segments).toEqual(audit.segments)
    expect(archive.segments.length).toBeGreaterThan(2)
    await audit.append(alert('one more'))
    expect(archive.size).toBe(ENTRIES)
    await archive.refresh()
    expect(archive.size).toBe(ENTRIES + 1)
    const places: number[] = []
    for await (const { seq } of archive.entries(0)) places.push(seq)
    expect(places).toEqual(Array.from({ length: ENTRIES + 1 }, (_, at) => at))
    expect(await archive.entry(300)).toEqual(await audit.entry(300))
    await audit.stop()
    const closed = await AuditArchive.open(directory, suite)
    expect(closed.checkpoint).toBe(audit.checkpoint)
  },
)

test('proofs are those of the log, with tiles and without', { tags: ['AFS-22'] }, async () => {
  const { directory, audit } = await filled()
  const copy = join(await temporaryDirectory(), 'copy')
  await cp(directory, copy, { recursive: true })
  await rm(join(copy, 'tile'), { recursive: true })
  for (const archive of [
    await AuditArchive.open(directory, suite),
    await AuditArchive.open(copy, suite),
  ]) {
    for (const size of SIZES) {
      const index = Math.floor(size / 2)
      expect(hexOf(await archive.inclusionProof(index, size))).toEqual(
        hexOf(await audit.inclusionProof(index, size)),
      )
      expect(hexOf(await archive.consistencyProof(size, ENTRIES))).toEqual(
        hexOf(await audit.consistencyProof(size, ENTRIES)),
      )
    }
  }
  await audit.stop()
})

test(
  'what was erased is said to be, and the rest can be proven',
  { tags: ['AFS-22'] },
  async () => {
    const { directory, audit } = await filled()
    const [first = 0, second = 0] = audit.segments
    await audit.erase({ segment: first, what: 'entries' })
    const archive = await AuditArchive.open(directory, suite)
    await expect(archive.entry(first)).rejects.toMatchObject({ code: 'audit-erased' })
    await expect(archive.entry(archive.size)).rejects.toMatchObject({ code: 'audit-entry-missing' })
    expect(hexOf(await archive.inclusionProof(second, ENTRIES))).toEqual(
      hexOf(await audit.inclusionProof(second, ENTRIES)),
    )
    await audit.stop()
  },
)

test('tiles that came later are not looked at', { tags: ['AFS-22'] }, async () => {
  const { directory, audit } = await filled()
  const { tiles } = await AuditArchive.open(directory, suite)
  const known = tiles.size
  expect(known).toBeGreaterThanOrEqual(512)
  expect(tiles.leafHash(known - 1)).toBeDefined()
  await Promise.all(Array.from({ length: 300 }, async () => audit.append(alert('later'))))
  await audit.stop()
  expect(tiles.leafHash(known)).toBeUndefined()
  expect((await AuditArchive.open(directory, suite)).tiles.leafHash(known)).toBeDefined()
})

test('where there is no log, that is said', { tags: ['AFS-22'] }, async () => {
  await expect(AuditArchive.open('/nowhere', suite)).rejects.toMatchObject({ code: 'file-missing' })
})

test.for([
  { name: 'a pipe', make: (path: string) => execFileSync('mkfifo', [path]) },
  { name: 'a directory', make: (path: string) => mkdirSync(path) },
  { name: 'a link', make: (path: string) => symlinkSync('/dev/null', path) },
])(
  '$name in the place of a segment is refused, and not read',
  { tags: ['AFS-22'] },
  async (other) => {
    const directory = join(await temporaryDirectory(), 'audit')
    mkdirSync(join(directory, 'segments'), { recursive: true })
    other.make(join(directory, 'segments', '000000000000.log'))
    await expect(AuditArchive.open(directory, suite)).rejects.toMatchObject({
      name: 'StorageError',
      code: 'file-unreadable',
    })
  },
)

test(
  'a copy from which something was erased is read by whoever may read its files, and through no link',
  { tags: ['AFS-22', 'ACM-1'] },
  async () => {
    const { directory, audit } = await filled()
    const [, second = 0] = audit.segments
    await audit.erase({ segment: 0, what: 'entries' })
    const copy = join(await temporaryDirectory(), 'copy')
    await cp(directory, copy, { recursive: true })
    const firstPlace = async (): Promise<number | undefined> => {
      const archive = await AuditArchive.open(copy, suite)
      for await (const { seq } of archive.entries(0)) return seq
      return undefined
    }
    const tombstone = join(copy, 'segments', '000000000000.erased')
    chmodSync(tombstone, 0o644)
    // Whoever runs the tests as another than root cannot give a file away.
    if (process.geteuid?.() === 0) chownSync(tombstone, 65_534, 65_534)
    expect(await firstPlace()).toBe(second)

    const said = '{"digest":"x","from":0,"to":1}'
    writeFileSync(tombstone, said.padEnd(1_024))
    expect(await firstPlace()).toBe(second)
    writeFileSync(tombstone, said.padEnd(1_025))
    await expect(firstPlace()).rejects.toMatchObject({ code: 'audit-damaged' })
    rmSync(tombstone)
    symlinkSync(join(directory, 'segments', '000000000000.erased'), tombstone)
    await expect(firstPlace()).rejects.toMatchObject({ code: 'audit-damaged' })
  },
)

/** Tiles of so many hashes, all of them zeros, which have no bytes on a disk. */
function writeSparseTiles(directory: string, indexes: readonly number[], width = 256): void {
  for (const index of indexes) {
    const path = join(directory, tilePath(0, index, width === 256 ? undefined : width))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, '')
    truncateSync(path, width * 32)
  }
}

test(
  'tiles that were laid far apart to be counted past every number are counted to an end',
  { tags: ['AUD-30', 'AFS-22'] },
  async () => {
    const directory = join(await temporaryDirectory(), 'audit')
    mkdirSync(join(directory, 'segments'), { recursive: true })
    writeFileSync(join(directory, 'segments', '000000000000.log'), '')
    const powers = Array.from({ length: 55 }, (_, power) => 2 ** power)
    writeSparseTiles(
      directory,
      powers.map((power) => power - 1),
    )
    // Of those that are reached by doubling, the last one whose leaves can be counted.
    const { tiles } = await AuditArchive.open(directory, suite)
    expect(tiles.size).toBe(2 ** 44 * 256)

    // And as far as it goes: where the search in between finds one at every step, and one that is not full behind them.
    const most = 2 ** 45
    writeSparseTiles(
      directory,
      powers.slice(0, 44).map((power) => most - power - 1),
    )
    writeSparseTiles(directory, [most - 1], 255)
    rmSync(join(directory, tilePath(0, most - 1)))
    const largest = await AuditArchive.open(directory, suite)
    expect(largest.tiles.size).toBe(Number.MAX_SAFE_INTEGER)
    expect(largest.tiles.leafHash(Number.MAX_SAFE_INTEGER - 1)).toEqual(Buffer.alloc(32))
    expect(largest.tiles.leafHash(Number.MAX_SAFE_INTEGER)).toBeUndefined()
    expect(largest.size).toBe(0)
  },
)
