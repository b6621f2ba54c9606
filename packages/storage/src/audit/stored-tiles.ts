import { BoundedMap } from '@warren/core'
import {
  HASH_BYTES,
  perfectSubtrees,
  type Sha256,
  type SubtreeAddress,
  TreeFrontier,
} from '@warren/tlog'
import { closeSync, constants, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { hashInTile, placeInTile, TILE_WIDTH } from './tile-edge.ts'
import { tilePath } from './tile-path.ts'

const CACHED_MAX = 256
/** Full tiles of the largest tree whose leaves can be counted exactly: nobody can have so many, but anybody can claim them. */
const FULL_TILES_MAX = Math.floor(Number.MAX_SAFE_INTEGER / TILE_WIDTH)
const PARTIAL_NAME = /^\d{1,3}$/

interface Tile {
  readonly bytes: Uint8Array
  /** Hashes that it has. */
  readonly width: number
}

/**
 * The tiles of a log as they lay there when this was made, for whoever only reads: a copy may lack some, and nothing in
 * them has to be true. What is written meanwhile is not looked at, so that a log that grows does not seem to be cut.
 */
export class StoredTiles {
  readonly #directory: string
  readonly #suite: Sha256
  readonly #cached = new BoundedMap<string, Tile | undefined>(CACHED_MAX)
  /** Leaves of which there were tiles. */
  readonly size: number

  constructor(directory: string, suite: Sha256) {
    this.#directory = directory
    this.#suite = suite
    const full = this.#countFull()
    this.size = full * TILE_WIDTH + (this.#read(0, full)?.width ?? 0)
  }

  /** The hash of a leaf; undefined where no tile tells. */
  leafHash(seq: number): Uint8Array | undefined {
    return seq < this.size ? this.hash({ level: 0, index: seq }) : undefined
  }

  /** The right edge of the tree of a size; undefined where tiles do not tell all of it. */
  frontier(size: number): TreeFrontier | undefined {
    const hashes: Uint8Array[] = []
    for (const address of perfectSubtrees({ start: 0, end: size })) {
      const hash = this.hash(address)
      if (hash === undefined) return undefined
      hashes.push(hash)
    }
    return TreeFrontier.of(this.#suite, size, hashes)
  }

  /** The hash of a perfect subtree; undefined where no tile has all of it. */
  hash(address: SubtreeAddress): Uint8Array | undefined {
    const { tile, from, count } = placeInTile(address)
    const found = this.#tile(tile.level, tile.index)
    if (found === undefined || found.width < from + count) return undefined
    return hashInTile(this.#suite, found.bytes, { from, count })
  }

  #tile(level: number, index: number): Tile | undefined {
    const key = `${level}/${index}`
    if (this.#cached.has(key)) return this.#cached.get(key)
    const tile = this.#read(level, index)
    this.#cached.set(key, tile)
    return tile
  }

  #read(level: number, index: number): Tile | undefined {
    const full = readHashes(join(this.#directory, tilePath(level, index)), TILE_WIDTH)
    if (full !== undefined) return { bytes: full, width: TILE_WIDTH }
    const width = this.#widest(level, index)
    if (width === 0) return undefined
    const bytes = readHashes(join(this.#directory, tilePath(level, index, width)), width)
    return bytes === undefined ? undefined : { bytes, width }
  }

  /** The width of the widest tile that is not full; they lie where a segment ended. */
  #widest(level: number, index: number): number {
    const directory = join(this.#directory, `${tilePath(level, index)}.p`)
    try {
      const widths = readdirSync(directory).filter((name) => PARTIAL_NAME.test(name))
      return Math.max(0, ...widths.map(Number).filter((width) => width < TILE_WIDTH))
    } catch {
      // There are none, which is what a log looks like in the middle of a segment.
      return 0
    }
  }

  /** How many full tiles there are at the lowest level, from the first on, without looking at each. */
  #countFull(): number {
    const has = (index: number): boolean =>
      readHashes(join(this.#directory, tilePath(0, index)), TILE_WIDTH) !== undefined
    let beyond = 1
    // A few tiles far apart, of no bytes on a disk, would else lead on to numbers between which there is no middle.
    while (beyond <= FULL_TILES_MAX && has(beyond - 1)) beyond *= 2
    let known = Math.floor(beyond / 2)
    beyond = Math.min(beyond, FULL_TILES_MAX + 1)
    while (known < beyond - 1) {
      const middle = Math.floor((known + beyond) / 2)
      if (has(middle - 1)) known = middle
      else beyond = middle
    }
    return known
  }
}

function readHashes(path: string, width: number): Uint8Array | undefined {
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    const file = openSync(path, flags)
    try {
      const bytes = Buffer.alloc(width * HASH_BYTES)
      return readSync(file, bytes, 0, bytes.length, 0) === bytes.length ? bytes : undefined
    } finally {
      closeSync(file)
    }
  } catch {
    // A tile that is not there, or cannot be read, tells nothing; the log does not depend on it.
    return undefined
  }
}
