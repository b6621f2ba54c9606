import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto/node-suite'
import { AuditArchive } from '@warren/storage'

/** The directory of a log, where somebody names a node's data directory or the log itself. */
export function auditDirectoryOf(path: string): string {
  return existsSync(join(path, 'segments')) ? path : join(path, 'audit')
}

/**
 * Opens a log for reading, by its own directory or the data directory of its node.
 *
 * @throws StorageError `file-missing`, `file-unreadable`
 */
export async function openArchive(path: string): Promise<AuditArchive> {
  return AuditArchive.open(auditDirectoryOf(path), suite)
}
