import {
  consistencyProof,
  consistencySubtrees,
  inclusionProof,
  inclusionSubtrees,
  leafHash,
  nodeHash,
  type Sha256,
  type SubtreeAddress,
  type TreeHashes,
} from '@warren/tlog'
import { access, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from '../errno.ts'
import { StorageError } from '../storage-error.ts'
import { type CheckpointLine, parseCheckpointLine } from './checkpoint-line.ts'
import { listSegments } from './closed-files.ts'
import { CosignedFile } from './cosigned-file.ts'
import {
  type ReadCursor,
  type ReaderSource,
  type ReadSlice,
  readEntries,
  readEntry,
  readSlices,
  type StoredEntry,
} from './entry-reader.ts'
import { openForReading } from './open-for-reading.ts'
import { readLines } from './read-lines.ts'
import { lengthWithoutRoom, ROOM_BYTES_MAX, tooMuchRoom } from './room.ts'
import { segmentPath } from './segment-name.ts'
import { StoredTiles } from './stored-tiles.ts'

const CHUNK_BYTES = 1_048_576
/** Leaves that are held in memory where tiles are missing. */
const NEWEST_MAX = 1_000_000

/** How far the newest segment goes, by its last checkpoint. */
interface End {
  readonly first: number
  readonly length: number
  readonly checkpoint: CheckpointLine | undefined
}

/**
 * An audit log in a directory for whoever only reads: a copy, or that of a node that runs. Nothing of it is believed, and
 * nothing is written.
 */
export class AuditArchive {
  readonly directory: string
  /** The checkpoints that others have cosigned. */
  readonly cosigned: CosignedFile
  /** The tiles that were there when it was opened. */
  readonly tiles: StoredTiles
  readonly #suite: Sha256
  #firsts: readonly number[]
  #end: End
  #newest: readonly Uint8Array[] | undefined

  private constructor(
    directory: string,
    suite: Sha256,
    found: { readonly tiles: StoredTiles; readonly firsts: readonly number[]; readonly end: End },
  ) {
    this.directory = directory
    this.cosigned = new CosignedFile(directory)
    this.tiles = found.tiles
    this.#suite = suite
    this.#firsts = found.firsts
    this.#end = found.end
  }

  /**
   * Opens the log of a directory.
   *
   * @throws StorageError `file-missing` where there is none, `file-unreadable`
   */
  static async open(directory: string, suite: Sha256): Promise<AuditArchive> {
    // Tiles are written behind the log: looked at first, they never tell of entries that are not there yet.
    const tiles = new StoredTiles(directory, suite)
    const firsts = await segmentsOf(directory)
    return new AuditArchive(directory, suite, {
      tiles,
      firsts,
      end: await endOf(directory, firsts),
    })
  }

  /** Entries up to the last checkpoint. */
  get size(): number {
    return this.#end.checkpoint?.size ?? this.#end.first
  }

  /** The note of the last checkpoint. */
  get checkpoint(): string | undefined {
    return this.#end.checkpoint?.note
  }

  /** The places of the first entries of all segments, erased ones too. */
  get segments(): readonly number[] {
    return this.#firsts
  }

  /** Looks at what has been added since. */
  async refresh(): Promise<void> {
    this.#firsts = await segmentsOf(this.directory)
    this.#end = await endOf(this.directory, this.#firsts, this.#end)
    this.#newest = undefined
  }

  /** Entries in order from a place on, or from where a reader stood. */
  slices(from: number | ReadCursor): AsyncGenerator<ReadSlice> {
    return readSlices(this.#source(), from)
  }

  /** Entries in order from a place on. */
  entries(from: number): AsyncGenerator<StoredEntry> {
    return readEntries(this.#source(), from)
  }

  /**
   * One entry.
   *
   * @throws StorageError `audit-entry-missing`, `audit-erased`
   */
  async entry(seq: number): Promise<Uint8Array> {
    return readEntry(this.#source(), { seq, size: this.size })
  }

  /**
   * The file of a segment as it lies there, without the room at its end; nothing where there is none.
   *
   * @throws StorageError `audit-damaged` for more zeros than any log makes: a file can have terabytes of them on no disk
   */
  async *segmentBytes(first: number): AsyncGenerator<Uint8Array> {
    const file = await openIfThere(segmentPath(this.directory, first))
    if (file === undefined) return
    try {
      const length = await lengthWithoutRoom(file)
      const chunk = Buffer.alloc(CHUNK_BYTES)
      let zeros = 0
      for (let at = 0; at < length;) {
        const { bytesRead } = await file.read(chunk, 0, Math.min(CHUNK_BYTES, length - at), at)
        if (bytesRead === 0) return
        at += bytesRead
        const bytes = chunk.subarray(0, bytesRead)
        zeros = bytes.some((byte) => byte !== 0) ? 0 : zeros + bytesRead
        if (zeros > ROOM_BYTES_MAX) throw tooMuchRoom()
        yield bytes
      }
    } finally {
      await file.close()
    }
  }

  /**
   * The proof that an entry is in the tree of a size.
   *
   * @throws StorageError `audit-erased` where neither a tile nor the entries tell a hash; TlogError
   */
  async inclusionProof(index: number, size: number): Promise<readonly Uint8Array[]> {
    const hashes = await this.#load(inclusionSubtrees(index, size))
    return inclusionProof(this.#suite, hashes, { index, size })
  }

  /**
   * The proof that the tree of a size begins with that of an older one.
   *
   * @throws as `inclusionProof`
   */
  async consistencyProof(oldSize: number, size: number): Promise<readonly Uint8Array[]> {
    const hashes = await this.#load(consistencySubtrees({ oldSize, size }))
    return consistencyProof(this.#suite, hashes, { oldSize, size })
  }

  async #load(addresses: readonly SubtreeAddress[]): Promise<TreeHashes> {
    const hashes = new Map<string, Uint8Array>()
    for (const address of addresses) hashes.set(keyOf(address), await this.#hash(address))
    return {
      hash: (address) => {
        const hash = hashes.get(keyOf(address))
        if (hash === undefined) throw new Error('a subtree was asked for that was not loaded')
        return hash
      },
    }
  }

  /** From a tile, or else from what is below; what is not in a tile yet are the newest entries. */
  async #hash({ level, index }: SubtreeAddress): Promise<Uint8Array> {
    const stored = this.tiles.hash({ level, index })
    if (stored !== undefined) return stored
    if (level === 0) return this.#newestLeaf(index)
    const left = await this.#hash({ level: level - 1, index: 2 * index })
    return nodeHash(this.#suite, left, await this.#hash({ level: level - 1, index: 2 * index + 1 }))
  }

  async #newestLeaf(index: number): Promise<Uint8Array> {
    this.#newest ??= await this.#readNewest()
    const leaf = this.#newest[index - this.tiles.size]
    if (leaf !== undefined) return leaf
    throw new StorageError('audit-erased', `nothing tells the hash of entry ${index} any more`)
  }

  /** The leaves of which there are no tiles. */
  async #readNewest(): Promise<readonly Uint8Array[]> {
    const { size } = this.tiles
    const leaves: Uint8Array[] = []
    for await (const { seq, bytes } of this.entries(size)) {
      if (seq >= this.size) break
      if (seq !== size + leaves.length || leaves.length >= NEWEST_MAX) {
        throw new StorageError('audit-damaged', 'the tiles of the log are missing, or too few')
      }
      leaves.push(leafHash(this.#suite, bytes))
    }
    return leaves
  }

  #source(): ReaderSource {
    return { directory: this.directory, firsts: this.#firsts, active: this.#end }
  }
}

async function segmentsOf(directory: string): Promise<readonly number[]> {
  try {
    return await listSegments(directory)
  } catch (cause) {
    const code = errnoOf(cause) === 'ENOENT' ? 'file-missing' : 'file-unreadable'
    const path = join(directory, 'segments')
    throw new StorageError(code, `there is no audit log in "${path}" that could be read`, { cause })
  }
}

/** Where the last checkpoint of the newest segment ends, which is how far the log may be read. */
async function endOf(directory: string, firsts: readonly number[], known?: End): Promise<End> {
  const first = firsts.at(-1) ?? 0
  let end: End = known?.first === first ? known : { first, length: 0, checkpoint: undefined }
  const path = segmentPath(directory, first)
  if (!(await isThere(path))) return end
  for await (const lines of readLines({ path, from: end.length })) {
    for (const { bytes, offset, ended } of lines) {
      const checkpoint = ended ? parseCheckpointLine(bytes) : undefined
      if (checkpoint !== undefined) {
        end = { first, length: offset + bytes.length + 1, checkpoint }
      }
      if (bytes.includes(0)) return end
    }
  }
  return end
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await openForReading(path)
  } catch (error) {
    if (error instanceof StorageError && error.code === 'file-missing') return undefined
    throw error
  }
}

function keyOf({ level, index }: SubtreeAddress): string {
  return `${level}/${index}`
}
