import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  type Stats,
} from 'node:fs'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { errnoOf } from './errno.ts'
import type { Row } from './row.ts'
import { translateSqliteError } from './sqlite-error.ts'
import { StorageError } from './storage-error.ts'

const BUSY_TIMEOUT_MS = 5_000
const FILE_MODE = 0o600
const MODE_BITS = 0o7777

export type Parameters = Readonly<Record<string, SQLInputValue>>

/** One connection to a SQLite file: coded errors, prepared statements, immediate transactions. */
export class Sqlite {
  readonly #database: DatabaseSync
  /** One statement for each SQL text of this package, so it is bounded by the source. */
  readonly #statements = new Map<string, StatementSync>()
  #closed = false

  /**
   * Opens or creates the file, mode 0600, never through a symbolic link; to `read` it has to be there, and nothing of it
   * is changed.
   *
   * @throws StorageError
   */
  constructor(path: string, timeout: number = BUSY_TIMEOUT_MS, access: 'read' | 'write' = 'write') {
    const readOnly = access === 'read'
    if (readOnly) coded(path, () => requireFile(path))
    else coded(path, () => makePrivate(path))
    this.#database = translated(() => new DatabaseSync(path, { timeout, readOnly }))
  }

  /** Runs SQL that takes no parameter and whose result nobody reads. */
  execute(sql: string): void {
    this.#whileOpen(() => this.#database.exec(sql))
  }

  /** Runs one statement; returns the number of rows that it changed. */
  run(sql: string, parameters: Parameters = {}): number {
    return this.#whileOpen(() => Number(this.#prepared(sql).run(parameters).changes))
  }

  get(sql: string, parameters: Parameters = {}): Row | undefined {
    return this.#whileOpen(() => this.#prepared(sql).get(parameters))
  }

  all(sql: string, parameters: Parameters = {}): readonly Row[] {
    return this.#whileOpen(() => this.#prepared(sql).all(parameters))
  }

  /** Gives one row after the other. `take` must not write. */
  each(sql: string, parameters: Parameters, take: (row: Row) => void): void {
    this.#whileOpen(() => {
      for (const row of this.#prepared(sql).iterate(parameters)) take(row)
    })
  }

  /** Runs `work` as one write: all of it lasts or nothing does, whatever other processes do. */
  transaction<T>(work: () => T): T {
    this.execute('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.execute('COMMIT')
      return result
    } catch (error) {
      // Some failures, such as a full disk, have already rolled back by themselves.
      if (this.#database.isTransaction) this.execute('ROLLBACK')
      throw error
    }
  }

  /** Idempotent. Every later call of another method throws `store-closed`. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#statements.clear()
    translated(() => this.#database.close())
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  #whileOpen<T>(work: () => T): T {
    if (this.#closed) throw new StorageError('store-closed', 'the store is closed')
    return translated(work)
  }
}

/**
 * SQLite itself would create the file with the rights that the umask leaves to others.
 *
 * A file that is there is looked at and never opened: with the first close of any descriptor of a file, the system takes
 * back all locks that the process holds on it (https://www.sqlite.org/howtocorrupt.html §2.2), such as that of a data directory.
 */
function makePrivate(path: string): void {
  createUnlessThere(path)
  const { mode } = requireFile(path)
  if ((mode & MODE_BITS) !== FILE_MODE) chmodSync(path, FILE_MODE)
  accessSync(path, constants.R_OK | constants.W_OK)
}

function requireFile(path: string): Stats {
  const stats = lstatSync(path)
  if (stats.isSymbolicLink()) {
    throw new StorageError('file-symlink', `"${path}" is a symbolic link`)
  }
  if (!stats.isFile()) {
    throw new StorageError('file-not-regular', `"${path}" is not a regular file`)
  }
  return stats
}

function coded(path: string, work: () => unknown): void {
  try {
    work()
  } catch (error) {
    if (error instanceof StorageError) throw error
    throw new StorageError('file-unwritable', `"${path}" cannot be opened`, { cause: error })
  }
}

function createUnlessThere(path: string): void {
  try {
    closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, FILE_MODE))
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
}

function translated<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw translateSqliteError(error)
  }
}
