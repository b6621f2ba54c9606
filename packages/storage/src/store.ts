import { Aliases } from './aliases.ts'
import { Beacons } from './beacons.ts'
import { CosignedTrees } from './cosigned-trees.ts'
import { CallerCalls } from './caller-calls.ts'
import { Invitations } from './invitations.ts'
import { Peers } from './peers.ts'
import { Records } from './records.ts'
import { text } from './row.ts'
import { migrate } from './schema.ts'
import { Sqlite } from './sqlite.ts'
import { corruptStore } from './sqlite-error.ts'
import { TextRecord } from './text-record.ts'
import { WitnessSequence } from './witness-sequence.ts'

export interface StoreOptions {
  /** How long to wait for another process's write. Default 5,000 ms. */
  readonly busyTimeoutMs?: number
}

/** What a node keeps between two runs. Every write is durable when its call returns. */
export interface Store {
  readonly charter: TextRecord
  /** This node's own DID log. */
  readonly identityLog: TextRecord
  /** What this node, as a witness, has said last: as `WitnessState` writes it. */
  readonly witnessState: TextRecord
  /** The DID of the witness to which this node always tries to be connected. */
  readonly pinnedWitness: TextRecord
  /** Which signed policy sets were in force here. */
  readonly policySets: TextRecord
  /** This node's own membership. */
  readonly membership: TextRecord
  readonly invitations: Invitations
  readonly peers: Peers
  readonly aliases: Aliases
  /** The signed records of the mesh. */
  readonly records: Records
  /** The newest beacon of each witness. */
  readonly beacons: Beacons
  /** The numbers of the beacons that this node signs, where it is a witness. */
  readonly witness: WitnessSequence
  /** What this node has cosigned last of each member's audit log. */
  readonly cosignedTrees: CosignedTrees
  /** What callers have done lately, and who is kept out for it. */
  readonly callerCalls: CallerCalls
  /** Idempotent; afterwards every call throws `store-closed`. */
  close(): void
}

/**
 * Opens the store of a data directory, or makes it: SQLite in WAL mode, fully synchronous.
 *
 * @throws StorageError `store-corrupt`, `store-newer`, `store-locked`, `store-full`,
 * `store-failed`, `file-symlink`, `file-not-regular`, `file-unwritable`
 */
export function openStore(path: string, options: StoreOptions = {}): Store {
  const database = new Sqlite(path, options.busyTimeoutMs)
  try {
    migrate(database)
    checkPages(database)
  } catch (error) {
    database.close()
    throw error
  }
  return {
    charter: new TextRecord(database, 'charter'),
    identityLog: new TextRecord(database, 'identity-log'),
    membership: new TextRecord(database, 'membership'),
    witnessState: new TextRecord(database, 'witness-state'),
    pinnedWitness: new TextRecord(database, 'pinned-witness'),
    policySets: new TextRecord(database, 'policy-sets'),
    invitations: new Invitations(database),
    peers: new Peers(database),
    aliases: new Aliases(database),
    records: new Records(database),
    beacons: new Beacons(database),
    witness: new WitnessSequence(database),
    cosignedTrees: new CosignedTrees(database),
    callerCalls: new CallerCalls(database),
    close: () => database.close(),
  }
}

function checkPages(database: Sqlite): void {
  // SQLite checks a table from its end to its beginning, against which no system reads ahead: what is not in memory yet
  // then takes more than ten times as long. So the long table is read forwards once, texts and all.
  database.get('SELECT sum(length(text)) FROM signed_record')
  const row = database.get('PRAGMA quick_check(1)')
  if (row === undefined || text(row, 'quick_check') !== 'ok') throw corruptStore()
}
