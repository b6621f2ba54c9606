import { constants } from 'node:fs'
import { lstat, open, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import {
  HASH_BYTES,
  perfectSubtrees,
  type Sha256,
  type SubtreeAddress,
  TreeFrontier,
  type TreeHashes,
} from '@warren/tlog'
import { equals } from 'uint8arrays/equals'
import { flushDirectory } from '../flushed-file.ts'
import { ensurePrivateDirectory } from '../private-file.ts'
import { errnoOf } from '../errno.ts'
import { StorageError } from '../storage-error.ts'
import {
  hashInTile,
  type FullTile,
  partialTiles,
  placeInTile,
  TILE_WIDTH,
  TileEdge,
  type TileAddress,
} from './tile-edge.ts'
import { tilePath } from './tile-path.ts'

const FILE_MODE = 0o600
/** Full tiles that wait to be written; whoever adds more waits with them. */
const PENDING_MAX = 512

export interface TileStoreInit {
  /** The directory of the audit log. */
  readonly directory: string
  readonly suite: Sha256
}

/**
 * The hashes of the tree, in the tiles of C2SP tlog-tiles.
 *
 * They can be made anew from the entries, so they are written behind the log and not flushed, which would make the log
 * wait; `seal` alone makes sure of them, before the segment is closed whose entries they stand for.
 */
export class TileStore {
  readonly #directory: string
  readonly #suite: Sha256
  readonly #edge: TileEdge
  readonly #pending = new Map<string, FullTile>()
  /** Written since the last `seal`, and perhaps not on the disk yet. */
  readonly #unflushed = new Set<string>()
  #size = 0
  #writing: Promise<void> | undefined
  #failure: unknown

  private constructor({ directory, suite }: TileStoreInit) {
    this.#directory = directory
    this.#suite = suite
    this.#edge = new TileEdge(suite)
  }

  /**
   * Opens the tiles of a tree of a size for which `seal` was called.
   *
   * @throws StorageError `audit-damaged`
   */
  static async open(init: TileStoreInit, size: number): Promise<TileStore> {
    const store = new TileStore(init)
    let level = 0
    for (let count = size; count > 0; count = Math.floor(count / TILE_WIDTH)) {
      store.#edge.skip(level, Math.floor(count / TILE_WIDTH))
      level += 1
    }
    for (const tile of partialTiles(size)) {
      store.#edge.restore(tile, await store.#read(tile, tile.width))
    }
    store.#size = size
    return store
  }

  /** Leaves that it has. */
  get size(): number {
    return this.#size
  }

  /**
   * Adds the leaf hashes of entries that are durable. Full tiles are written behind; a crowd of them is waited for.
   *
   * @throws whatever keeps that crowd from being written
   */
  async append(leaves: readonly Uint8Array[]): Promise<void> {
    for (const leaf of leaves) {
      for (const tile of this.#edge.append(leaf)) {
        this.#pending.set(tilePath(tile.level, tile.index), tile)
      }
      this.#size += 1
    }
    const writing = this.#startWriting()
    if (this.#pending.size <= PENDING_MAX) return
    await writing
    if (this.#pending.size > PENDING_MAX) throw this.#failure
  }

  /**
   * The right edge that the tree had at a size; at its own size, that from which the log goes on.
   *
   * @throws StorageError `audit-damaged`
   */
  async frontier(size: number = this.#size): Promise<TreeFrontier> {
    const addresses = perfectSubtrees({ start: 0, end: size })
    const hashes = await this.load(addresses)
    return TreeFrontier.of(
      this.#suite,
      size,
      addresses.map((address) => hashes.hash(address)),
    )
  }

  /**
   * Whether there is a tile of entries behind the last one, which then must have been lost.
   *
   * @throws StorageError `audit-damaged` where that cannot be told
   */
  async hasMore(): Promise<boolean> {
    const next = tilePath(0, Math.floor(this.#size / TILE_WIDTH))
    try {
      await lstat(join(this.#directory, next))
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return false
      throw tileDamaged(next, cause)
    }
    return !this.#pending.has(next)
  }

  /** Writes and flushes every tile of the tree as it is, those that are not full too. */
  async seal(): Promise<void> {
    await this.#startWriting()
    if (this.#failure !== undefined) {
      // One more attempt, since the disk may be well again; its error is the caller's.
      this.#failure = undefined
      for (const [path, tile] of this.#pending) await this.#writeFull(path, tile)
    }
    for (const tile of partialTiles(this.#size)) {
      const bytes = this.#edge.tile(tile)
      if (bytes !== undefined)
        await this.#write(tilePath(tile.level, tile.index, tile.width), bytes)
    }
    await this.#flush()
  }

  /**
   * The hashes of these subtrees, read so that a proof can be made of them.
   *
   * @throws StorageError `audit-damaged`
   */
  async load(addresses: readonly SubtreeAddress[]): Promise<TreeHashes> {
    const hashes = new Map<string, Uint8Array>()
    for (const address of addresses) {
      const { tile, ...stretch } = placeInTile(address)
      const bytes = await this.#tileBytes(tile)
      hashes.set(keyOf(address), hashInTile(this.#suite, bytes, stretch))
    }
    return {
      hash: (address) => {
        const hash = hashes.get(keyOf(address))
        if (hash === undefined) throw new Error('a subtree was asked for that was not loaded')
        return hash
      },
    }
  }

  /** Waits for what is being written; what could not be is made anew from the entries after the next start. */
  async close(): Promise<void> {
    await this.#writing
  }

  async #tileBytes(address: TileAddress): Promise<Uint8Array> {
    return (
      this.#edge.tile(address) ??
      this.#pending.get(tilePath(address.level, address.index))?.bytes ??
      (await this.#read(address))
    )
  }

  async #read({ level, index }: TileAddress, width?: number): Promise<Uint8Array> {
    const path = join(this.#directory, tilePath(level, index, width))
    const bytes = Buffer.alloc((width ?? TILE_WIDTH) * HASH_BYTES)
    try {
      const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
      try {
        const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
        if (bytesRead === bytes.length) return bytes
      } finally {
        await file.close()
      }
    } catch (cause) {
      throw tileDamaged(path, cause)
    }
    throw tileDamaged(path)
  }

  #startWriting(): Promise<void> | undefined {
    // With nothing to write it would be over before it is known to run.
    if (this.#pending.size > 0) this.#writing ??= this.#writePending()
    return this.#writing
  }

  async #writePending(): Promise<void> {
    try {
      for (const [path, tile] of this.#pending) await this.#writeFull(path, tile)
    } catch (error) {
      // The log does not depend on it: the tile stays in memory, and `seal` tells.
      this.#failure = error
    } finally {
      this.#writing = undefined
    }
  }

  async #writeFull(path: string, tile: FullTile): Promise<void> {
    // A start reads again what it had written before.
    const known = await this.#read(tile).catch(() => undefined)
    if (known !== undefined && equals(known, tile.bytes)) {
      this.#unflushed.add(join(this.#directory, path))
    } else {
      await this.#write(path, tile.bytes)
    }
    this.#pending.delete(path)
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    const target = join(this.#directory, path)
    const directory = dirname(target)
    await ensurePrivateDirectory(directory)
    const temporary = join(directory, `.${basename(target)}.tmp`)
    // One of the same name is what a crash left; a link in its place is not followed, and not written through.
    await rm(temporary, { force: true })
    await writeFile(temporary, bytes, { mode: FILE_MODE, flag: 'wx' })
    await rename(temporary, target)
    this.#unflushed.add(target)
  }

  async #flush(): Promise<void> {
    const directories = new Set<string>()
    for (const path of this.#unflushed) {
      const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
      try {
        await file.sync()
      } finally {
        await file.close()
      }
      directories.add(dirname(path))
    }
    for (const directory of directories) {
      await flushDirectory(directory)
      await flushDirectory(dirname(directory))
    }
    this.#unflushed.clear()
  }
}

function keyOf({ level, index }: SubtreeAddress): string {
  return `${level}/${index}`
}

function tileDamaged(path: string, cause?: unknown): StorageError {
  return new StorageError(
    'audit-damaged',
    `the tile "${path}" is missing or too short: restore it, or have the tiles made anew from the entries`,
    { cause },
  )
}
