import { isCurrent } from './schema.ts'
import { Sqlite } from './sqlite.ts'
import { TextRecord } from './text-record.ts'

/** What a check of policies asks the store of a node. */
export interface StoredTexts {
  readonly charter: string | undefined
  /** Which signed policy sets were in force here. */
  readonly policySets: string | undefined
}

/**
 * Reads texts from the store of a node, which may be running; changes nothing, and brings no older store up to date.
 * Undefined where the store was never made.
 *
 * @throws StorageError `store-corrupt`, `store-newer`, `store-locked`, `store-failed`, `file-symlink`,
 * `file-not-regular`, `file-unwritable`
 */
export function readStoredTexts(path: string): StoredTexts | undefined {
  const database = new Sqlite(path, undefined, 'read')
  try {
    // A store of any version has these texts; an empty file has no tables.
    if (!isCurrent(database) && !hasTables(database)) return undefined
    return {
      charter: new TextRecord(database, 'charter').read(),
      policySets: new TextRecord(database, 'policy-sets').read(),
    }
  } finally {
    database.close()
  }
}

function hasTables(database: Sqlite): boolean {
  return database.get("SELECT 1 FROM sqlite_schema WHERE name = 'record'") !== undefined
}
