import { TlogError } from '../tlog-error.ts'
import { type Growth, requireGrowth } from '../tree/consistency-proof.ts'
import { requireSize, type SubtreeAddress } from '../tree/subtree-address.ts'

/** Hashes of a full tile. */
export const TILE_WIDTH = 256
/** Levels of the tree between one level of tiles and the next. */
export const TILE_HEIGHT = 8

/** The `index`-th tile of a level of tiles: `width` neighbouring hashes, each over 256^`level` leaves. */
export interface TileAddress {
  readonly level: number
  readonly index: number
  /** 256, or fewer at the right edge of the tree. */
  readonly width: number
}

/**
 * Where a tile lies below the directory of its log (C2SP tlog-tiles, "Merkle Tree").
 *
 * @throws TlogError `tile-malformed`
 */
export function tilePath(tile: TileAddress): string {
  return `tile/${tile.level}/${indexPath(tile)}`
}

/**
 * Where the entries lie whose leaf hashes are a tile of level 0 (C2SP tlog-tiles, "Log entries").
 *
 * @throws TlogError `tile-malformed`
 */
export function entryBundlePath(bundle: Omit<TileAddress, 'level'>): string {
  return `tile/entries/${indexPath({ ...bundle, level: 0 })}`
}

/**
 * The tiles that became full while a tree grew, in the order in which they can be made.
 *
 * @throws TlogError `size-malformed`, `index-out-of-range`
 */
export function completedTiles(growth: Growth): readonly TileAddress[] {
  requireGrowth(growth)
  const tiles: TileAddress[] = []
  let { oldSize: from, size: to } = growth
  for (let level = 0; to >= TILE_WIDTH; level += 1) {
    from = Math.floor(from / TILE_WIDTH)
    to = Math.floor(to / TILE_WIDTH)
    for (let index = from; index < to; index += 1) tiles.push({ level, index, width: TILE_WIDTH })
  }
  return tiles
}

/**
 * The tiles at the right edge of a tree that are not full, which together with the full ones are the whole tree.
 *
 * @throws TlogError `size-malformed`
 */
export function partialTiles(size: number): readonly TileAddress[] {
  requireSize(size)
  const tiles: TileAddress[] = []
  let hashes = size
  for (let level = 0; hashes > 0; level += 1) {
    const width = hashes % TILE_WIDTH
    hashes = (hashes - width) / TILE_WIDTH
    if (width > 0) tiles.push({ level, index: hashes, width })
  }
  return tiles
}

/** The tile of a tree of this size from which the hash of a perfect subtree follows. */
export function tileOf({ level, index }: SubtreeAddress, size: number): TileAddress {
  requireSize(size)
  const tileLevel = Math.floor(level / TILE_HEIGHT)
  const inTile = 2 ** (TILE_HEIGHT - (level % TILE_HEIGHT))
  const tileIndex = Math.floor(index / inTile)
  const hashes = Math.floor(size / TILE_WIDTH ** tileLevel)
  const width = Math.min(TILE_WIDTH, hashes - tileIndex * TILE_WIDTH)
  return { level: tileLevel, index: tileIndex, width }
}

/** The tiles from which the hashes of these subtrees follow, each once: what to load before a proof is made. */
export function tilesOf(subtrees: readonly SubtreeAddress[], size: number): readonly TileAddress[] {
  const tiles = new Map<string, TileAddress>()
  for (const subtree of subtrees) {
    const tile = tileOf(subtree, size)
    tiles.set(tilePath(tile), tile)
  }
  return [...tiles.values()]
}

/** Refuses what is no tile of any tree. */
export function requireTile({ level, index, width }: TileAddress): void {
  const isTile =
    isWithin(level, 0, 63) &&
    isWithin(index, 0, Number.MAX_SAFE_INTEGER) &&
    isWithin(width, 1, TILE_WIDTH)
  if (!isTile) throw new TlogError('tile-malformed', 'no tree has a tile at this place')
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max
}

/** Three digits for each directory, all but the last with an `x` in front. */
function indexPath(tile: TileAddress): string {
  requireTile(tile)
  const { index, width } = tile
  const digits = String(index)
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0')
  const path = padded.replaceAll(/\d{3}(?=\d)/g, 'x$&/')
  return width === TILE_WIDTH ? path : `${path}.p/${width}`
}
