import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { integer, type Row } from '../row.ts'
import { Sqlite } from '../sqlite.ts'
import { StorageError } from '../storage-error.ts'
import type { ReadCursor } from './entry-reader.ts'

const SCHEMA_VERSION = 2

const SCHEMA = `
  CREATE TABLE entry (
    seq INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, call TEXT, caller TEXT, server TEXT, tool TEXT,
    decision TEXT, rule TEXT, code TEXT
  ) STRICT;
  CREATE INDEX entry_at ON entry (at);
  CREATE INDEX entry_kind ON entry (kind, seq);
  CREATE INDEX entry_call ON entry (call) WHERE call IS NOT NULL;
  CREATE INDEX entry_caller ON entry (caller, seq) WHERE caller IS NOT NULL;
  CREATE INDEX entry_server ON entry (server, tool, seq) WHERE server IS NOT NULL;
  CREATE INDEX entry_decision ON entry (decision, seq) WHERE decision IS NOT NULL;
  CREATE INDEX entry_rule ON entry (rule, seq) WHERE rule IS NOT NULL;
  CREATE INDEX entry_code ON entry (code, seq) WHERE code IS NOT NULL;
  CREATE VIRTUAL TABLE entry_text USING fts5 (words, content = '', detail = 'none');
  CREATE TABLE position (only INTEGER PRIMARY KEY CHECK (only = 1), first INTEGER, byte INTEGER, seq INTEGER) STRICT;
  INSERT INTO position VALUES (1, 0, 0, 0);
  CREATE TABLE passed_over (last INTEGER PRIMARY KEY) STRICT;
  PRAGMA user_version = ${SCHEMA_VERSION};
`

/** Entries of which nothing is in the log any more: from a place on, until just before another. */
export interface ErasedRange {
  readonly from: number
  readonly to: number
}

/** Removes the file of an index, of which nobody has it open, that holds entries of these, or cannot be read to tell. */
export async function forgetErased(path: string, ranges: readonly ErasedRange[]): Promise<void> {
  // Of a file that is gone, what was written last can lie beside it still.
  const isKept = ranges.length === 0 || (existsSync(path) && isClean(path, ranges))
  if (!isKept) await removeIndex(path)
}

function isClean(path: string, ranges: readonly ErasedRange[]): boolean {
  const sql = 'SELECT seq FROM entry WHERE seq >= $from AND seq < $to LIMIT 1'
  try {
    const database = openKnown(path)
    try {
      return (
        database !== undefined &&
        ranges.every(({ from, to }) => database.get(sql, { from, to }) === undefined)
      )
    } finally {
      database?.close()
    }
  } catch (error) {
    if (error instanceof StorageError) return false
    throw error
  }
}

/** Removes the file of an index that nobody has open. */
export async function removeIndex(path: string): Promise<void> {
  for (const end of ['', '-wal', '-shm']) await rm(`${path}${end}`, { force: true })
}

/** An empty index in the place of whatever is there. */
export async function makeAnew(path: string): Promise<Sqlite> {
  await removeIndex(path)
  const database = new Sqlite(path)
  // What a crash takes from it, the index takes from the log again.
  database.execute('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
  database.transaction(() => database.execute(SCHEMA))
  return database
}

/** How far the log has been taken over. */
export function positionOf(database: Sqlite): ReadCursor {
  const row = database.get('SELECT first, byte, seq FROM position') ?? {}
  return { first: integer(row, 'first'), offset: integer(row, 'byte'), seq: integer(row, 'seq') }
}

/** The index that is there, if it is one of this version and whole. */
export function openKnown(path: string): Sqlite | undefined {
  const database = new Sqlite(path)
  try {
    const version: Row = database.get('PRAGMA user_version') ?? {}
    if (version['user_version'] !== SCHEMA_VERSION)
      throw new StorageError('store-newer', 'another version')
    database.execute('PRAGMA synchronous = NORMAL')
    positionOf(database)
    return database
  } catch {
    // Whatever is wrong with it: it is made anew.
    database.close()
    return undefined
  }
}

/** Goes on somewhere else in the log. */
export function moveTo(database: Sqlite, { first, offset, seq }: ReadCursor): void {
  const position = { first, offset, seq }
  database.run('UPDATE position SET first = $first, byte = $offset, seq = $seq', position)
}

/** Goes on with the next segment; where the last entry of this one was not reached, that is kept in mind. */
export function passOver(database: Sqlite, next: number): void {
  const last = next - 1
  database.transaction(() => {
    if (database.get('SELECT seq FROM entry WHERE seq = $last', { last }) === undefined) {
      database.run('INSERT OR IGNORE INTO passed_over VALUES ($last)', { last })
    }
    moveTo(database, { first: next, offset: 0, seq: next })
  })
}

/** The last entries of segments that could not be read to their end. */
export function passedOver(database: Sqlite): readonly number[] {
  return database.all('SELECT last FROM passed_over').map((row) => integer(row, 'last'))
}
