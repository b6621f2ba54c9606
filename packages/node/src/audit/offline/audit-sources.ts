import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto/node-suite'
import { type VerifiedLog, verifyLog } from '@warren/identity'
import { parseCharter, type VerifiedCharter } from '@warren/membership'
import { readSharedFile } from '@warren/storage'
import { cosignerCopies } from './cosigner-copies.ts'

const KEY_LOG_BYTES_MAX = 16 * 1_048_576
const CHARTER_BYTES_MAX = 1_048_576

/** What a log is verified by, where that does not come from the copies that lie beside it. */
export interface GivenSources {
  /** File with the key log of the node. */
  readonly didLog?: string
  /** File with the charter of the mesh. */
  readonly charter?: string
  /** Files with the key logs of cosigners. */
  readonly cosignerLogs?: readonly string[]
}

/** Whom a verifier believes, and who said so. */
export interface AuditSources {
  readonly log: VerifiedLog
  readonly charter: VerifiedCharter | undefined
  readonly cosigners: readonly VerifiedLog[]
  /** Which of these are copies from the directory that is verified. */
  readonly copied: readonly ('key log' | 'charter' | 'cosigners')[]
  /** Key logs of cosigners beside the log that were not read, since there are more than a node keeps. */
  readonly cosignersLeftOut: number
}

/**
 * Reads key logs and the charter: the ones that are given, or else the copies beside the log.
 *
 * @throws StorageError, IdentityError, MembershipError
 */
export async function readSources(
  directory: string,
  given: GivenSources,
  nowMs: number,
): Promise<AuditSources> {
  const copied: ('key log' | 'charter' | 'cosigners')[] = []
  if (given.didLog === undefined) copied.push('key log')
  const log = await readKeyLog(given.didLog ?? join(directory, 'node.jsonl'), nowMs)
  const charterCopy = join(directory, 'charter.json')
  const charterPath = given.charter ?? (existsSync(charterCopy) ? charterCopy : undefined)
  if (given.charter === undefined && charterPath !== undefined) copied.push('charter')
  const charter =
    charterPath === undefined
      ? undefined
      : parseCharter(suite, await readSharedFile(charterPath, CHARTER_BYTES_MAX))
  const { paths, leftOut } =
    given.cosignerLogs === undefined
      ? await cosignerCopies(directory)
      : { paths: given.cosignerLogs, leftOut: 0 }
  if (given.cosignerLogs === undefined && paths.length > 0) copied.push('cosigners')
  const cosigners: VerifiedLog[] = []
  for (const path of paths) cosigners.push(await readKeyLog(path, nowMs))
  return { log, charter, cosigners, copied, cosignersLeftOut: leftOut }
}

async function readKeyLog(path: string, nowMs: number): Promise<VerifiedLog> {
  const text = await readSharedFile(path, KEY_LOG_BYTES_MAX)
  return verifyLog({ suite, text: `${text}\n`, nowMs })
}
