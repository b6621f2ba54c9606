import { CodedError } from '@warren/core'

export type StorageErrorCode =
  // Files that only their owner may see.
  | 'directory-open'
  | 'file-exists'
  | 'file-foreign'
  | 'file-missing'
  | 'file-not-regular'
  | 'file-open'
  | 'file-symlink'
  | 'file-too-large'
  | 'file-unreadable'
  | 'file-unwritable'
  // The sealed key file and what opens it.
  | 'kdf-out-of-bounds'
  | 'key-file-malformed'
  | 'passphrase-empty'
  | 'passphrase-too-long'
  | 'passphrase-unreadable'
  | 'passphrase-wrong'
  | 'seed-name'
  | 'seed-length'
  | 'seeds-too-many'
  // The SQLite store.
  | 'store-closed'
  | 'store-corrupt'
  | 'store-failed'
  | 'store-full'
  | 'store-locked'
  | 'store-newer'
  | 'record-malformed'
  | 'record-too-long'
  | 'invitation-exists'
  | 'invitations-full'
  | 'aliases-full'
  | 'batch-too-large'
  | 'records-full'
  // What a node knows of time and of its own beacons.
  | 'beacon-goes-back'
  | 'beacons-full'
  | 'sequence-used'
  // What a node has cosigned of others' logs.
  | 'cosigned-tree-goes-back'
  | 'cosigned-tree-moved'
  | 'cosigned-trees-full'
  // The audit log.
  | 'audit-closed'
  | 'audit-damaged'
  | 'audit-entry-missing'
  | 'audit-erased'
  | 'audit-key-wrong'
  | 'audit-queue-full'
  | 'audit-segment-in-use'
  | 'audit-unavailable'
  // The lock of a data directory.
  | 'directory-in-use'

/** Something could not be stored or read back. Names files and rules; carries no secret and no content. */
export class StorageError extends CodedError<StorageErrorCode> {
  override readonly name = 'StorageError'
}
