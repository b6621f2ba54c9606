import { HASH_BYTES, nodeHash, type Sha256, type SubtreeAddress } from '@warren/tlog'

/** Hashes of a full tile, and levels of the tree that a tile spans (C2SP tlog-tiles). */
export const TILE_WIDTH = 256
const TILE_HEIGHT = 8

/** One tile, by its own level and place: its entries are subtrees of level 8 · `level`. */
export interface TileAddress {
  readonly level: number
  readonly index: number
}

/** A tile that has just become full, and will never change. */
export interface FullTile extends TileAddress {
  readonly bytes: Uint8Array
}

/** The tile that a tree of a size has not filled yet, at one level. */
export interface PartialTile extends TileAddress {
  readonly width: number
}

/** The tile in which a subtree lies, and the stretch of its entries over which it stands. */
export function placeInTile({ level, index }: SubtreeAddress): {
  readonly tile: TileAddress
  readonly from: number
  readonly count: number
} {
  const count = 2 ** (level % TILE_HEIGHT)
  const start = index * count
  return {
    tile: { level: Math.floor(level / TILE_HEIGHT), index: Math.floor(start / TILE_WIDTH) },
    from: start % TILE_WIDTH,
    count,
  }
}

/** The tiles at the right edge of a tree of a size that are neither empty nor full. */
export function partialTiles(size: number): readonly PartialTile[] {
  const tiles: PartialTile[] = []
  for (let level = 0, count = size; count > 0; level += 1, count = Math.floor(count / TILE_WIDTH)) {
    const width = count % TILE_WIDTH
    if (width > 0) tiles.push({ level, index: Math.floor(count / TILE_WIDTH), width })
  }
  return tiles
}

/** The hash over a perfect stretch of a tile's entries. */
export function hashInTile(
  suite: Sha256,
  tile: Uint8Array,
  stretch: { readonly from: number; readonly count: number },
): Uint8Array {
  const { from, count } = stretch
  let hashes = Array.from({ length: count }, (_, at) => entryOf(tile, from + at))
  while (hashes.length > 1) {
    hashes = Array.from({ length: hashes.length / 2 }, (_, at) =>
      nodeHash(suite, hashes[2 * at] ?? tile, hashes[2 * at + 1] ?? tile),
    )
  }
  return hashes[0] ?? new Uint8Array(0)
}

function entryOf(tile: Uint8Array, at: number): Uint8Array {
  return tile.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES)
}

/** The tiles at the right edge of a growing tree, in memory. */
export class TileEdge {
  readonly #suite: Sha256
  /** For each level the tile that is not full, with room for it to become so. */
  readonly #tiles: { readonly bytes: Uint8Array; index: number; width: number }[] = []

  constructor(suite: Sha256) {
    this.#suite = suite
  }

  /** Takes over a partial tile that was read. */
  restore({ level, index, width }: PartialTile, bytes: Uint8Array): void {
    const tile = this.#at(level)
    tile.index = index
    tile.width = width
    tile.bytes.set(bytes.subarray(0, width * HASH_BYTES))
  }

  /** Says at which tile a level stands whose tiles so far are all full. */
  skip(level: number, index: number): void {
    this.#at(level).index = index
  }

  /** Adds a leaf; gives the tiles that are full by it, the lowest first. */
  append(leaf: Uint8Array): readonly FullTile[] {
    const full: FullTile[] = []
    let hash: Uint8Array | undefined = leaf
    for (let level = 0; hash !== undefined; level += 1) {
      const tile = this.#at(level)
      tile.bytes.set(hash, tile.width * HASH_BYTES)
      tile.width += 1
      if (tile.width < TILE_WIDTH) break
      full.push({ level, index: tile.index, bytes: tile.bytes.slice() })
      hash = hashInTile(this.#suite, tile.bytes, { from: 0, count: TILE_WIDTH })
      tile.index += 1
      tile.width = 0
    }
    return full
  }

  /** The bytes of a tile that is not full, as far as it goes; undefined for every other tile. */
  tile({ level, index }: TileAddress): Uint8Array | undefined {
    const tile = this.#tiles[level]
    if (tile === undefined || tile.index !== index) return undefined
    return tile.bytes.slice(0, tile.width * HASH_BYTES)
  }

  #at(level: number): { readonly bytes: Uint8Array; index: number; width: number } {
    for (let missing = this.#tiles.length; missing <= level; missing += 1) {
      this.#tiles.push({ bytes: new Uint8Array(TILE_WIDTH * HASH_BYTES), index: 0, width: 0 })
    }
    const tile = this.#tiles[level]
    if (tile === undefined) throw new Error('a level of tiles was not made')
    return tile
  }
}
