/**
 * What a node keeps on its disk: sealed key files, the SQLite store, the audit log, the lock of the data directory.
 *
 * Specified in docs/specs/storage.md and docs/specs/audit-files.md.
 *
 * @packageDocumentation
 */
export { Aliases, type StoredAlias } from './aliases.ts'
export type { AppendFailureReason } from './audit/append-failure.ts'
export { AuditArchive } from './audit/audit-archive.ts'
export type { AuditCopies } from './audit/audit-copies.ts'
export type { Erasure } from './audit/audit-erasure.ts'
export type { AuditHealth, AuditHealthState } from './audit/audit-health.ts'
export { COSIGNER_LOGS_BYTES_MAX, COSIGNER_LOGS_MAX } from './audit/audit-copies.ts'
export type { AuditIndex, AuditQuery } from './audit/audit-index.ts'
export { type AuditLimits, AuditStore, type AuditStoreInit } from './audit/audit-store.ts'
export type { AuditReceipt } from './audit/audit-writer.ts'
export type { ClosedSegment } from './audit/closed-segment.ts'
export type { CosignedFile } from './audit/cosigned-file.ts'
export type { ReadCursor, ReadSlice, StoredEntry } from './audit/entry-reader.ts'
export type { LogPosition } from './audit/open-segments.ts'
export { type Beacon, Beacons } from './beacons.ts'
export {
  CallerCalls,
  type StoredCall,
  type StoredCallNews,
  type StoredQuarantine,
} from './caller-calls.ts'
export { CosignedTrees, type StoredTree } from './cosigned-trees.ts'
export { flushDirectory } from './flushed-file.ts'
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
export { readSharedFileOrPipe, type SharedPipe } from './shared-pipe.ts'
export { StorageError, type StorageErrorCode } from './storage-error.ts'
export { openStore, type Store, type StoreOptions } from './store.ts'
export { readStoredTexts, type StoredTexts } from './stored-texts.ts'
export { TextRecord } from './text-record.ts'
export { unwritableFile } from './unwritable-file.ts'
export { WitnessSequence } from './witness-sequence.ts'
