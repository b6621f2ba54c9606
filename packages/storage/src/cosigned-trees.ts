import type { CosignedTree } from '@warren/tlog'
import { integer, type Row, text } from './row.ts'
import type { Sqlite } from './sqlite.ts'
import { StorageError } from './storage-error.ts'
import { checkRecordText } from './text-record.ts'
import { checkWholeNumber } from './whole-number.ts'

/** As many logs as there are peers that a node remembers. */
const TREES_MAX = 10_000
const CHECKPOINT_LENGTH_MAX = 65_536

/** What this node has cosigned last of one member's log. */
export interface StoredTree extends CosignedTree {
  /** The member whose log it is. */
  readonly did: string
}

/**
 * What this node has cosigned of others' logs: for each log the largest tree.
 *
 * Whoever signed two trees that contradict one another would vouch for both. So the change is written against what was
 * read, in one transaction, and before the signature leaves: of two that race, one is told to look again. None is ever
 * forgotten, since a forgotten log could be signed from its beginning once more.
 */
export class CosignedTrees {
  readonly #database: Sqlite

  constructor(database: Sqlite) {
    this.#database = database
  }

  get(did: string): StoredTree | undefined {
    const row = this.#database.get('SELECT * FROM cosigned_tree WHERE did = :did', { did })
    return row === undefined ? undefined : treeOf(row)
  }

  /** Those that come next behind a DID, in the order of DIDs, and at most so many; the first ones behind ''. */
  after(did: string, countMax: number): readonly StoredTree[] {
    return this.#database
      .all('SELECT * FROM cosigned_tree WHERE did > :did ORDER BY did LIMIT :countMax', {
        did,
        countMax,
      })
      .map(treeOf)
  }

  /**
   * Puts a tree in the place of the one that was read before, or of none; durable when this returns.
   *
   * @throws StorageError `cosigned-tree-moved` when something else stands there by now, `cosigned-tree-goes-back`,
   * `cosigned-trees-full`, `record-malformed`, `record-too-long`
   */
  advance(tree: StoredTree, read: CosignedTree | undefined): void {
    checkTree(tree)
    this.#database.transaction(() => {
      const held = this.get(tree.did)
      if (!isSame(held, read)) {
        throw new StorageError(
          'cosigned-tree-moved',
          'the tree was cosigned anew since it was read',
        )
      }
      if (held === undefined) this.#refuseWhenFull()
      else if (tree.size < held.size || tree.cosignedSeconds < held.cosignedSeconds) {
        throw new StorageError('cosigned-tree-goes-back', 'a larger tree, or a later, was cosigned')
      }
      this.#put(tree)
    })
  }

  #put({ did, size, signedSeconds, cosignedSeconds, checkpoint }: StoredTree): void {
    this.#database.run(
      `INSERT INTO cosigned_tree (did, size, signed_seconds, cosigned_seconds, checkpoint)
       VALUES (:did, :size, :signedSeconds, :cosignedSeconds, :checkpoint)
       ON CONFLICT (did) DO UPDATE
       SET size = excluded.size, signed_seconds = excluded.signed_seconds,
           cosigned_seconds = excluded.cosigned_seconds, checkpoint = excluded.checkpoint`,
      { did, size, signedSeconds, cosignedSeconds, checkpoint },
    )
  }

  #refuseWhenFull(): void {
    const row = this.#database.get('SELECT count(*) AS count FROM cosigned_tree')
    if (row !== undefined && integer(row, 'count') >= TREES_MAX) {
      throw new StorageError('cosigned-trees-full', `${TREES_MAX} logs are cosigned here`)
    }
  }
}

function checkTree({ did, size, signedSeconds, cosignedSeconds, checkpoint }: StoredTree): void {
  checkRecordText(did)
  checkRecordText(checkpoint, CHECKPOINT_LENGTH_MAX)
  for (const number of [size, signedSeconds, cosignedSeconds]) checkWholeNumber(number)
}

function isSame(held: CosignedTree | undefined, read: CosignedTree | undefined): boolean {
  if (held === undefined || read === undefined) return held === read
  return (
    held.size === read.size &&
    held.checkpoint === read.checkpoint &&
    held.cosignedSeconds === read.cosignedSeconds
  )
}

function treeOf(row: Row): StoredTree {
  return {
    did: text(row, 'did'),
    size: integer(row, 'size'),
    signedSeconds: integer(row, 'signed_seconds'),
    cosignedSeconds: integer(row, 'cosigned_seconds'),
    checkpoint: text(row, 'checkpoint'),
  }
}
