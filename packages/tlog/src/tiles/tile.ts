import { concat } from 'uint8arrays/concat'
import { TlogError } from '../tlog-error.ts'
import { HASH_BYTES, nodeHash, requireHashes, type Sha256 } from '../tree/node-hash.ts'
import type { SubtreeAddress } from '../tree/subtree-address.ts'
import type { TreeHashes } from '../tree/tree-hashes.ts'
import { TILE_HEIGHT, TILE_WIDTH, type TileAddress, tileOf } from './tile-address.ts'

/**
 * Writes a tile: its hashes one after another.
 *
 * @throws TlogError `tile-malformed`, `hash-malformed`
 */
export function encodeTile(hashes: readonly Uint8Array[]): Uint8Array {
  requireWidth(hashes.length)
  requireHashes(hashes)
  return concat([...hashes])
}

/**
 * Reads a tile of that many hashes.
 *
 * @throws TlogError `tile-malformed`
 */
export function decodeTile(bytes: Uint8Array, width: number): readonly Uint8Array[] {
  requireWidth(width)
  if (bytes.length !== width * HASH_BYTES) {
    throw new TlogError('tile-malformed', `a tile of ${width} hashes has other bytes`)
  }
  return Array.from({ length: width }, (_, at) =>
    bytes.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES),
  )
}

/**
 * The hash over a full tile, which stands in the tile above.
 *
 * @throws TlogError `tile-malformed`, `hash-malformed`
 */
export function tileRoot(suite: Sha256, hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length !== TILE_WIDTH) {
    throw new TlogError('tile-malformed', `only a tile of ${TILE_WIDTH} hashes goes into another`)
  }
  requireHashes(hashes)
  return perfectRoot(suite, hashes)
}

/** The hashes of a tree out of its tiles. */
export class TileTree implements TreeHashes {
  readonly #suite: Sha256
  readonly #size: number
  readonly #tile: (address: TileAddress) => readonly Uint8Array[]

  /** `tile` gives the hashes of a tile that was loaded before, and throws when it was not. */
  constructor(suite: Sha256, size: number, tile: (address: TileAddress) => readonly Uint8Array[]) {
    this.#suite = suite
    this.#size = size
    this.#tile = tile
  }

  /** @throws TlogError `tile-malformed` when the tile has too few hashes, and whatever `tile` throws */
  hash(subtree: SubtreeAddress): Uint8Array {
    const address = tileOf(subtree, this.#size)
    const count = 2 ** (subtree.level % TILE_HEIGHT)
    const start = subtree.index * count - address.index * TILE_WIDTH
    const hashes = this.#tile(address).slice(start, start + count)
    if (hashes.length !== count) {
      throw new TlogError('tile-malformed', 'a tile has fewer hashes than it should')
    }
    requireHashes(hashes)
    return perfectRoot(this.#suite, hashes)
  }
}

/** The root over hashes whose number is a power of two. */
function perfectRoot(suite: Sha256, hashes: readonly Uint8Array[]): Uint8Array {
  const [left, right] = hashes
  if (left === undefined) throw new TlogError('tile-malformed', 'a tile has a hash at least')
  if (right === undefined) return left
  const half = hashes.length / 2
  return nodeHash(
    suite,
    perfectRoot(suite, hashes.slice(0, half)),
    perfectRoot(suite, hashes.slice(half)),
  )
}

function requireWidth(width: number): void {
  if (Number.isSafeInteger(width) && width > 0 && width <= TILE_WIDTH) return
  throw new TlogError('tile-malformed', `a tile has 1 to ${TILE_WIDTH} hashes`)
}
