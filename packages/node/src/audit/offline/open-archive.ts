import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto/node-suite'
import { AuditArchive } from '@warren/storage'

/** The directory of a log, where somebody names a node's data directory or the log itself. */
export function auditDirectoryOf(path: string): string {
  // Where neither is one it is told of the path that was named.
  const isOfNode = !existsSync(join(path, 'segments')) && existsSync(join(path, 'audit'))
  return isOfNode ? join(path, 'audit') : path
}

/**
 * Opens a log for reading, by its own directory or the data directory of its node.
 *
 * @throws StorageError `file-missing`, `file-unreadable`
 */
export async function openArchive(path: string): Promise<AuditArchive> {
  return AuditArchive.open(auditDirectoryOf(path), suite)
}
