import { text } from './row.ts'
import type { Sqlite } from './sqlite.ts'
import { StorageError } from './storage-error.ts'

const RECORD_LENGTH_MAX = 1_048_576

/** One signed text that the node keeps: the charter, its own log, its own membership. */
export class TextRecord {
  readonly #database: Sqlite
  readonly #name: string

  constructor(database: Sqlite, name: string) {
    this.#database = database
    this.#name = name
  }

  /** The text as it was written; undefined when there is none. */
  read(): string | undefined {
    const row = this.#database.get('SELECT text FROM record WHERE name = :name', {
      name: this.#name,
    })
    return row === undefined ? undefined : text(row, 'text')
  }

  /** Replaces the text; durable when this returns. At most 1,048,576 characters. */
  write(content: string): void {
    checkRecordText(content)
    this.#database.run(
      `INSERT INTO record (name, text) VALUES (:name, :text)
       ON CONFLICT (name) DO UPDATE SET text = excluded.text`,
      { name: this.#name, text: content },
    )
  }
}

/**
 * Refuses a text that SQLite would not give back as it was, or that is too long.
 *
 * @throws StorageError `record-too-long`, `record-malformed`
 */
export function checkRecordText(content: string, lengthMax: number = RECORD_LENGTH_MAX): void {
  if (content.length > lengthMax) {
    throw new StorageError(
      'record-too-long',
      `a text of this kind has at most ${lengthMax} characters`,
    )
  }
  if (!content.isWellFormed() || content.includes('\0')) {
    throw new StorageError('record-malformed', 'a record holds a lone surrogate or a NUL')
  }
}
