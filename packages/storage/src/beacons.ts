import { integer, type Row, text } from './row.ts'
import type { Sqlite } from './sqlite.ts'
import { StorageError } from './storage-error.ts'
import { checkRecordText } from './text-record.ts'
import { checkWholeNumber } from './whole-number.ts'

/** Far more than the witnesses of one charter after another; none is ever forgotten. */
const BEACONS_MAX = 1_024
const TEXT_LENGTH_MAX = 262_144

/** The newest beacon that this node has seen of one witness. */
export interface Beacon {
  readonly witness: string
  readonly seq: number
  /** The time that the witness signed: a lower bound of the time in the mesh. */
  readonly timeMs: number
  readonly text: string
}

/**
 * What this node knows to be past, kept over restarts: the newest beacon of each witness.
 *
 * It never goes back: a node that knew a newer time once, before a restart too, cannot be made to believe in an older.
 */
export class Beacons {
  readonly #database: Sqlite

  constructor(database: Sqlite) {
    this.#database = database
  }

  /**
   * Puts a newer beacon in the place of the one before; durable when this returns. The same beacon again is no change.
   *
   * Newer means a higher `seq` and no earlier time. Anything else changes nothing.
   *
   * @throws StorageError `beacon-goes-back`, `beacons-full`, `record-malformed`, `record-too-long`
   */
  advance(beacon: Beacon): void {
    checkRecordText(beacon.witness)
    checkRecordText(beacon.text, TEXT_LENGTH_MAX)
    checkWholeNumber(beacon.seq)
    checkWholeNumber(beacon.timeMs)
    this.#database.transaction(() => {
      const known = this.#find(beacon.witness)
      if (known === undefined) this.#refuseWhenFull()
      else if (isSame(known, beacon)) return
      else if (beacon.seq <= known.seq || beacon.timeMs < known.timeMs) {
        throw new StorageError(
          'beacon-goes-back',
          `the beacon ${beacon.seq} is not newer than ${known.seq}, or its time is earlier`,
        )
      }
      this.#put(beacon)
    })
  }

  /** The newest beacon of each witness. */
  all(): readonly Beacon[] {
    return this.#database.all('SELECT * FROM beacon ORDER BY witness').map(beaconOf)
  }

  #find(witness: string): Beacon | undefined {
    const row = this.#database.get('SELECT * FROM beacon WHERE witness = :witness', { witness })
    return row === undefined ? undefined : beaconOf(row)
  }

  #put({ witness, seq, timeMs, text: content }: Beacon): void {
    this.#database.run(
      `INSERT INTO beacon (witness, seq, time_ms, text) VALUES (:witness, :seq, :timeMs, :content)
       ON CONFLICT (witness) DO UPDATE
       SET seq = excluded.seq, time_ms = excluded.time_ms, text = excluded.text`,
      { witness, seq, timeMs, content },
    )
  }

  #refuseWhenFull(): void {
    const row = this.#database.get('SELECT count(*) AS count FROM beacon')
    if (row !== undefined && integer(row, 'count') >= BEACONS_MAX) {
      throw new StorageError('beacons-full', `there are beacons of ${BEACONS_MAX} witnesses`)
    }
  }
}

function isSame(known: Beacon, { seq, timeMs, text: content }: Beacon): boolean {
  return known.seq === seq && known.timeMs === timeMs && known.text === content
}

function beaconOf(row: Row): Beacon {
  return {
    witness: text(row, 'witness'),
    seq: integer(row, 'seq'),
    timeMs: integer(row, 'time_ms'),
    text: text(row, 'text'),
  }
}
