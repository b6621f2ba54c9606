import { integer, type Row, text } from './row.ts'
import type { Sqlite } from './sqlite.ts'
import { corruptStore } from './sqlite-error.ts'
import { StorageError } from './storage-error.ts'
import { checkRecordText } from './text-record.ts'

/** What all grants together can number. What takes away is never refused for its number. */
export const GRANTS_MAX = 100_000
/** What one call can add; whoever has more calls again. */
export const RECORDS_PER_BATCH_MAX = 1_024
const TEXT_LENGTH_MAX = 262_144
const ID_LENGTH_MAX = 128
/** Rows in memory at one time while all records are read. */
const PAGE_ROWS = 64

/** Whether a record takes something away (a revocation, a quarantine) or gives something. */
export type RecordKind = 'removal' | 'grant'

/** A signed record of the mesh as it came. Verified by whoever adds it, and again by whoever reads it. */
export interface StoredRecord {
  /** Its content id: the same id is the same record. */
  readonly id: string
  readonly kind: RecordKind
  /** At most 262,144 characters. */
  readonly text: string
  /** Whether the text is what is known of a grant now, with the signatures of more than one copy of it: it takes the place of the text that lies here. */
  readonly isJoined?: boolean
}

/** How one of several batches ended. */
export type BatchOutcome =
  | { readonly status: 'added'; readonly count: number }
  | { readonly status: 'refused'; readonly error: StorageError }

/** The signed records that this node holds. They only grow, and what a grant is signed by may; grants are bounded, removals are not. */
export class Records {
  readonly #database: Sqlite

  constructor(database: Sqlite) {
    this.#database = database
  }

  /**
   * Adds records in one transaction and returns how many are new; durable when this returns. Those already there stay
   * as they are, but for a grant with the text that it is joined to.
   *
   * Of a batch whose grants are too many no grant is kept, and all its removals are. After every other error nothing
   * of the batch is kept.
   *
   * @throws StorageError `records-full`, `store-full`, `batch-too-large`, `record-too-long`, `record-malformed`
   */
  add(records: readonly StoredRecord[]): number {
    const [outcome] = this.addAll([records])
    if (outcome === undefined) return 0
    if (outcome.status === 'refused') throw outcome.error
    return outcome.count
  }

  /**
   * Adds several batches in one transaction. For each alone `records-full` is decided; every other error is thrown and
   * is that of all of them.
   */
  addAll(batches: readonly (readonly StoredRecord[])[]): readonly BatchOutcome[] {
    for (const batch of batches) checkBatch(batch)
    return this.#database.transaction(() => batches.map((batch) => this.#addBatch(batch)))
  }

  /** The record with this id. */
  get(id: string): StoredRecord | undefined {
    const row = this.#database.get('SELECT id, kind, text FROM signed_record WHERE id = :id', {
      id,
    })
    return row === undefined ? undefined : recordOf(row)
  }

  /** How many records of a kind there are. */
  count(kind: RecordKind): number {
    const row = this.#database.get('SELECT count FROM signed_record_count WHERE kind = :kind', {
      kind,
    })
    if (row === undefined) throw corruptStore()
    return integer(row, 'count')
  }

  /**
   * All records in the order in which they came, a few in memory at a time.
   *
   * Between two of them the store may be written; what is added then comes too.
   */
  *all(): Generator<StoredRecord, void, undefined> {
    let arrival = 0
    for (;;) {
      const rows = this.#database.all(
        'SELECT * FROM signed_record WHERE arrival > :arrival ORDER BY arrival LIMIT :limit',
        { arrival, limit: PAGE_ROWS },
      )
      yield* rows.map(recordOf)
      const last = rows.at(-1)
      if (last === undefined) return
      arrival = integer(last, 'arrival')
    }
  }

  #addBatch(batch: readonly StoredRecord[]): BatchOutcome {
    if (this.#hasRoomFor(batch)) return { status: 'added', count: this.#insert(batch) }
    this.#insert(batch.filter(({ kind }) => kind === 'removal'))
    return {
      status: 'refused',
      error: new StorageError(
        'records-full',
        `there are ${GRANTS_MAX} grants; removals are still kept`,
      ),
    }
  }

  #hasRoomFor(batch: readonly StoredRecord[]): boolean {
    const grants = new Set(batch.filter(({ kind }) => kind === 'grant').map(({ id }) => id))
    const room = GRANTS_MAX - this.count('grant')
    if (grants.size <= room) return true
    const unknown = [...grants].filter((id) => this.get(id) === undefined)
    return unknown.length <= room
  }

  #insert(records: readonly StoredRecord[]): number {
    let added = 0
    for (const { id, kind, text: content, isJoined = false } of records) {
      if (isJoined) {
        this.#database.run(
          "UPDATE signed_record SET text = :content WHERE id = :id AND kind = 'grant'",
          { id, content },
        )
      }
      added += this.#database.run(
        `INSERT INTO signed_record (id, kind, text) VALUES (:id, :kind, :content)
         ON CONFLICT (id) DO NOTHING`,
        { id, kind, content },
      )
    }
    return added
  }
}

/**
 * Refuses a batch that can never be added.
 *
 * @throws StorageError `batch-too-large`, `record-too-long`, `record-malformed`
 */
export function checkBatch(batch: readonly StoredRecord[]): void {
  if (batch.length > RECORDS_PER_BATCH_MAX) {
    throw new StorageError(
      'batch-too-large',
      `a batch has at most ${RECORDS_PER_BATCH_MAX} records`,
    )
  }
  for (const { id, text: content } of batch) {
    checkRecordText(id, ID_LENGTH_MAX)
    checkRecordText(content, TEXT_LENGTH_MAX)
  }
}

function recordOf(row: Row): StoredRecord {
  return { id: text(row, 'id'), kind: kindOf(row), text: text(row, 'text') }
}

function kindOf(row: Row): RecordKind {
  const kind = text(row, 'kind')
  if (kind !== 'removal' && kind !== 'grant') throw corruptStore()
  return kind
}
