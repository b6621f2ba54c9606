import { integer } from './row.ts'
import type { Sqlite } from './sqlite.ts'
import { StorageError } from './storage-error.ts'
import { checkWholeNumber } from './whole-number.ts'

/**
 * The sequence numbers of the beacons that this node signs as a witness.
 *
 * Two beacons with one number are an equivocation, for which everybody else would stop trusting this witness. So a
 * number is used up on the disk first, and only then signed: a crash in between skips a number and repeats none.
 */
export class WitnessSequence {
  readonly #database: Sqlite

  constructor(database: Sqlite) {
    this.#database = database
  }

  /**
   * Uses up a number and all below it, once for all processes together; durable when this returns.
   *
   * @throws StorageError `sequence-used`, `record-malformed`
   */
  reserve(seq: number): void {
    checkWholeNumber(seq)
    const changed = this.#database.run(
      `INSERT INTO witness_sequence (only, seq) VALUES (1, :seq)
       ON CONFLICT (only) DO UPDATE SET seq = excluded.seq WHERE excluded.seq > seq`,
      { seq },
    )
    if (changed === 0) {
      throw new StorageError('sequence-used', `the number ${seq} or a higher one is used up`)
    }
  }

  /** The highest number used up. */
  last(): number | undefined {
    const row = this.#database.get('SELECT seq FROM witness_sequence')
    return row === undefined ? undefined : integer(row, 'seq')
  }
}
