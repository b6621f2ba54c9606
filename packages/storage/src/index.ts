/**
 * What a node keeps on its disk: sealed key files, the SQLite store, the lock of the data directory.
 *
 * Specified in docs/specs/storage.md.
 *
 * @packageDocumentation
 */
export { Aliases, type StoredAlias } from './aliases.ts'
export { type Beacon, Beacons } from './beacons.ts'
export { type InstanceLock, lockDirectory } from './instance-lock.ts'
export {
  type InvitationGrant,
  Invitations,
  type NewInvitation,
  type Redemption,
  type RedemptionResult,
  type StoredInvitation,
  type InvitationQuestion,
  type InvitationStanding,
} from './invitations.ts'
export { KDF_DEFAULT, type KdfParameters } from './kdf-parameters.ts'
export {
  type KeyFileToRead,
  type KeyFileToRewrap,
  type KeyFileToWrite,
  readKeyFile,
  rewrapKeyFile,
  writeKeyFile,
} from './key-file.ts'
export { type PassphraseSource, readPassphrase } from './passphrase.ts'
export { Peers, type StoredPeer } from './peers.ts'
export {
  ensurePrivateDirectory,
  type PrivateFileToWrite,
  readPrivateFile,
  writePrivateFile,
} from './private-file.ts'
export { RecordWriter } from './record-writer.ts'
export {
  GRANTS_MAX,
  RECORDS_PER_BATCH_MAX,
  type RecordKind,
  Records,
  type StoredRecord,
} from './records.ts'
export type { Seeds } from './seed-json.ts'
export { readSharedFile, type SharedFileToWrite, writeSharedFile } from './shared-file.ts'
export { StorageError, type StorageErrorCode } from './storage-error.ts'
export { openStore, type Store, type StoreOptions } from './store.ts'
export { TextRecord } from './text-record.ts'
export { WitnessSequence } from './witness-sequence.ts'
