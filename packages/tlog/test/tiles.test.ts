import {
  completedTiles,
  consistencyProof,
  consistencySubtrees,
  decodeEntryBundle,
  decodeTile,
  encodeEntryBundle,
  encodeTile,
  entryBundlePath,
  inclusionProof,
  inclusionSubtrees,
  partialTiles,
  type TileAddress,
  tilePath,
  tileRoot,
  tilesOf,
  TileTree,
} from '@warren/tlog'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { entries, MemoryTree, refusal, suite } from './trees.ts'

const tree = new MemoryTree(entries(1000))

test.for([
  { tile: { level: 0, index: 0, width: 256 }, path: 'tile/0/000' },
  { tile: { level: 0, index: 67, width: 256 }, path: 'tile/0/067' },
  { tile: { level: 1, index: 999, width: 255 }, path: 'tile/1/999.p/255' },
  { tile: { level: 2, index: 1000, width: 1 }, path: 'tile/2/x001/000.p/1' },
  { tile: { level: 63, index: 1_234_067, width: 256 }, path: 'tile/63/x001/x234/067' },
])('a tile lies at $path', { tags: ['TLG-15'] }, ({ tile, path }) => {
  expect(tilePath(tile)).toBe(path)
  expect(entryBundlePath(tile)).toBe(path.replace(/tile\/\d+/, 'tile/entries'))
})

test.for([
  { level: 64, index: 0, width: 1 },
  { level: -1, index: 0, width: 1 },
  { level: 0, index: -1, width: 1 },
  { level: 0, index: 0.5, width: 1 },
  { level: 0, index: 2 ** 53, width: 1 },
  { level: 0, index: 0, width: 0 },
  { level: 0, index: 0, width: 257 },
])('no path leads to tile $index of level $level, $width wide', { tags: ['TLG-15'] }, (tile) => {
  expect(() => tilePath(tile)).toThrow(refusal('tile-malformed'))
})

test('the tiles of a tree are those of C2SP', { tags: ['TLG-15'] }, () => {
  const full = completedTiles({ oldSize: 0, size: 70_000 })
  expect(full.filter(({ level }) => level === 0)).toHaveLength(273)
  expect(full.filter(({ level }) => level === 1)).toEqual([{ level: 1, index: 0, width: 256 }])
  expect(full).toHaveLength(274)
  expect(partialTiles(70_000)).toEqual([
    { level: 0, index: 273, width: 112 },
    { level: 1, index: 1, width: 17 },
    { level: 2, index: 0, width: 1 },
  ])
  expect(completedTiles({ oldSize: 255, size: 256 })).toEqual([{ level: 0, index: 0, width: 256 }])
  expect(completedTiles({ oldSize: 256, size: 511 })).toEqual([])
  expect(partialTiles(256)).toEqual([{ level: 1, index: 0, width: 1 }])
  expect(partialTiles(0)).toEqual([])
})

/** Stores tiles by path as they become full, and refuses what was not listed. */
function stored(size: number): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  for (const tile of [...completedTiles({ oldSize: 0, size }), ...partialTiles(size)]) {
    files.set(tilePath(tile), encodeTile(hashesOf(tile)))
  }
  return files
}

function hashesOf({ level, index, width }: TileAddress): readonly Uint8Array[] {
  return Array.from({ length: width }, (_, at) =>
    tree.hash({ level: 8 * level, index: 256 * index + at }),
  )
}

test('proofs out of the listed tiles are those out of the tree', { tags: ['TLG-16'] }, () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.nat(999), (size, where) => {
      const files = stored(size)
      const at = { index: where % size, size }
      const growth = { oldSize: where % size, size }
      const subtrees = [...inclusionSubtrees(at.index, size), ...consistencySubtrees(growth)]
      const loaded = new Map(
        tilesOf(subtrees, size).map((tile) => {
          const path = tilePath(tile)
          return [path, decodeTile(files.get(path)!, tile.width)]
        }),
      )
      const tiles = new TileTree(suite, size, (tile) => loaded.get(tilePath(tile))!)
      expect(inclusionProof(suite, tiles, at)).toEqual(inclusionProof(suite, tree, at))
      expect(consistencyProof(suite, tiles, growth)).toEqual(consistencyProof(suite, tree, growth))
    }),
  )
})

test('the root of a full tile stands in the tile above', { tags: ['TLG-16'] }, () => {
  const hashes = hashesOf({ level: 0, index: 2, width: 256 })
  expect(tileRoot(suite, hashes)).toEqual(tree.hash({ level: 8, index: 2 }))
  expect(() => tileRoot(suite, hashes.slice(1))).toThrow(refusal('tile-malformed'))
})

test('a tile of another width than it should have is refused', { tags: ['TLG-16'] }, () => {
  const bytes = encodeTile(hashesOf({ level: 0, index: 0, width: 3 }))
  expect(decodeTile(bytes, 3)).toHaveLength(3)
  const malformed = refusal('tile-malformed')
  for (const width of [0, 2, 4, 257, 1.5]) expect(() => decodeTile(bytes, width)).toThrow(malformed)
  expect(() => decodeTile(bytes.slice(1), 3)).toThrow(malformed)
  expect(() => encodeTile([])).toThrow(malformed)
  expect(() => encodeTile([new Uint8Array(31)])).toThrow(refusal('hash-malformed'))
  const few = new TileTree(suite, 8, () => hashesOf({ level: 0, index: 0, width: 5 }))
  expect(() => few.hash({ level: 1, index: 2 })).toThrow(malformed)
  expect(few.hash({ level: 1, index: 1 })).toEqual(tree.hash({ level: 1, index: 1 }))
})

test('bundles give back the entries, up to 65,535 bytes each', { tags: ['TLG-17'] }, () => {
  const texts = [new Uint8Array(0), new Uint8Array(65_535).fill(7), ...entries(254)]
  const bytes = encodeEntryBundle(texts)
  expect(bytes.subarray(0, 4).toHex()).toBe('0000ffff')
  expect(decodeEntryBundle(bytes, 256)).toEqual(texts)
  const malformed = refusal('bundle-malformed')
  expect(() => encodeEntryBundle([new Uint8Array(65_536)])).toThrow(malformed)
  expect(() => encodeEntryBundle([])).toThrow(malformed)
  expect(() => encodeEntryBundle(entries(257))).toThrow(malformed)
})

test.for([
  { what: 'no entry', hex: '', count: 1 },
  { what: 'half a length', hex: '00', count: 1 },
  { what: 'half an entry', hex: '000261', count: 1 },
  { what: 'an entry too few', hex: '000161', count: 2 },
  { what: 'an entry too many', hex: '00016100', count: 1 },
  { what: 'no count', hex: '', count: 0 },
  { what: 'a count too high', hex: '', count: 257 },
])('a bundle with $what is refused', { tags: ['TLG-17'] }, ({ hex, count }) => {
  expect(() => decodeEntryBundle(Uint8Array.fromHex(hex), count)).toThrow(
    refusal('bundle-malformed'),
  )
})
