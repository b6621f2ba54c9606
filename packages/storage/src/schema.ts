import { integer } from './row.ts'
import type { Sqlite } from './sqlite.ts'
import { corruptStore } from './sqlite-error.ts'
import { StorageError } from './storage-error.ts'

/** "WRRN" in ASCII: tells a Warren store from any other SQLite file. */
const APPLICATION_ID = 0x57_52_52_4e

/** One step for each version; a released step never changes. `user_version` counts those that ran. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE record (
    name TEXT PRIMARY KEY,
    text TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE invitation (
    secret_hash BLOB PRIMARY KEY CHECK (length(secret_hash) = 32),
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    enclave TEXT NOT NULL,
    roles TEXT NOT NULL,
    note TEXT NOT NULL,
    used_ms INTEGER,
    used_by TEXT,
    CHECK ((used_ms IS NULL) = (used_by IS NULL))
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE peer (
    did TEXT PRIMARY KEY,
    log TEXT NOT NULL,
    addresses TEXT NOT NULL,
    seen_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX peer_by_age ON peer (seen_ms);

  CREATE TABLE alias (
    alias TEXT PRIMARY KEY,
    did TEXT NOT NULL,
    server TEXT NOT NULL,
    UNIQUE (did, server)
  ) STRICT, WITHOUT ROWID;
  `,
  // The counts are kept beside the records, because SQLite counts rows by walking over them.
  `
  CREATE TABLE signed_record (
    arrival INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('removal', 'grant')),
    text TEXT NOT NULL
  ) STRICT;

  CREATE TABLE signed_record_count (
    kind TEXT PRIMARY KEY,
    count INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO signed_record_count (kind, count) VALUES ('removal', 0), ('grant', 0);
  CREATE TRIGGER signed_record_added AFTER INSERT ON signed_record BEGIN
    UPDATE signed_record_count SET count = count + 1 WHERE kind = NEW.kind;
  END;
  CREATE TRIGGER signed_record_deleted AFTER DELETE ON signed_record BEGIN
    UPDATE signed_record_count SET count = count - 1 WHERE kind = OLD.kind;
  END;

  CREATE TABLE beacon (
    witness TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    text TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE witness_sequence (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    seq INTEGER NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE cosigned_tree (
    did TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    signed_seconds INTEGER NOT NULL,
    cosigned_seconds INTEGER NOT NULL,
    checkpoint TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE caller_call (
    id INTEGER PRIMARY KEY,
    caller TEXT NOT NULL,
    server TEXT NOT NULL,
    tool TEXT NOT NULL,
    digest TEXT NOT NULL,
    bytes_in INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    state TEXT NOT NULL,
    bytes_out INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX caller_call_by_age ON caller_call (at_ms);

  CREATE TABLE caller_quarantine (
    caller TEXT PRIMARY KEY,
    because TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  // Calls go in the order of their ids.
  `
  DROP INDEX caller_call_by_age;
  `,
]

/**
 * Brings a new or older store to this version's schema, in one transaction.
 *
 * @throws StorageError `store-newer`, `store-corrupt`
 */
export function migrate(database: Sqlite): void {
  database.execute('PRAGMA journal_mode = WAL')
  // FULL: what was acknowledged survives a power cut, not only a crash of the process.
  database.execute('PRAGMA synchronous = FULL')
  if (isCurrent(database)) return
  database.transaction(() => {
    // Another process may have migrated while this one waited for the write lock.
    for (const step of MIGRATIONS.slice(versionOf(database))) database.execute(step)
    database.execute(`PRAGMA application_id = ${APPLICATION_ID}`)
    database.execute(`PRAGMA user_version = ${MIGRATIONS.length}`)
  })
}

/**
 * Whether it is a store of the newest version; one of an older version, and an empty file, are not.
 *
 * @throws StorageError `store-newer`, `store-corrupt`
 */
export function isCurrent(database: Sqlite): boolean {
  const version = versionOf(database)
  if (version > MIGRATIONS.length) {
    throw new StorageError(
      'store-newer',
      `the store has version ${version}; this program knows ${MIGRATIONS.length}`,
    )
  }
  const { tables, application } = identify(database)
  if (version === 0 && tables === 0) return false
  if (application !== APPLICATION_ID) throw corruptStore()
  return version === MIGRATIONS.length
}

function versionOf(database: Sqlite): number {
  return pragma(database, 'user_version')
}

function identify(database: Sqlite): { tables: number; application: number } {
  const count = database.get('SELECT count(*) AS tables FROM sqlite_schema')
  if (count === undefined) throw corruptStore()
  return { tables: integer(count, 'tables'), application: pragma(database, 'application_id') }
}

function pragma(database: Sqlite, name: string): number {
  const row = database.get(`PRAGMA ${name}`)
  if (row === undefined) throw corruptStore()
  return integer(row, name)
}
