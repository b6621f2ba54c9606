import { integer, type Row, text, textList } from './row.ts'
import type { Sqlite } from './sqlite.ts'
import { StorageError } from './storage-error.ts'
import { checkRecordText } from './text-record.ts'

const PEERS_MAX = 10_000
const ADDRESSES_MAX = 16
const ADDRESS_LENGTH_MAX = 256

/** What this node remembers of another member. */
export interface StoredPeer {
  readonly did: string
  /** The newest verified DID log (JSONL): a shorter or forked one is refused by whoever verifies against it. */
  readonly log: string
  /** Multiaddrs at which the peer was reached, the best first; at most 16. */
  readonly addresses: readonly string[]
  /** Wall-clock time of the last admission. */
  readonly seenMs: number
}

/** The members that this node has met. Bounded: of 10,000 the one not seen for longest is forgotten. */
export class Peers {
  readonly #database: Sqlite

  constructor(database: Sqlite) {
    this.#database = database
  }

  get(did: string): StoredPeer | undefined {
    const row = this.#database.get('SELECT * FROM peer WHERE did = :did', { did })
    return row === undefined ? undefined : peerOf(row)
  }

  /** The last seen first. */
  list(): readonly StoredPeer[] {
    return this.#database.all('SELECT * FROM peer ORDER BY seen_ms DESC, did').map(peerOf)
  }

  /** Adds or replaces what is known of a member; durable when this returns. */
  remember({ did, log, addresses, seenMs }: StoredPeer): void {
    checkRecordText(did)
    checkRecordText(log)
    checkAddresses(addresses)
    this.#database.transaction(() => {
      this.#database.run(
        `INSERT INTO peer (did, log, addresses, seen_ms) VALUES (:did, :log, :addresses, :seenMs)
         ON CONFLICT (did) DO UPDATE
         SET log = excluded.log, addresses = excluded.addresses, seen_ms = excluded.seen_ms`,
        { did, log, addresses: JSON.stringify(addresses), seenMs },
      )
      this.#database.run(
        `DELETE FROM peer WHERE did IN (
           SELECT did FROM peer WHERE did <> :did ORDER BY seen_ms DESC, did LIMIT -1 OFFSET :kept
         )`,
        { did, kept: PEERS_MAX - 1 },
      )
    })
  }

  /** Removes a member; true when there was one. */
  forget(did: string): boolean {
    return this.#database.run('DELETE FROM peer WHERE did = :did', { did }) > 0
  }
}

function peerOf(row: Row): StoredPeer {
  return {
    did: text(row, 'did'),
    log: text(row, 'log'),
    addresses: textList(row, 'addresses'),
    seenMs: integer(row, 'seen_ms'),
  }
}

function checkAddresses(addresses: readonly string[]): void {
  const sound =
    addresses.length <= ADDRESSES_MAX &&
    addresses.every((address) => address.length <= ADDRESS_LENGTH_MAX)
  if (!sound) {
    throw new StorageError('record-too-long', `a peer has at most ${ADDRESSES_MAX} addresses`)
  }
}
