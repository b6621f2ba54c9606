import type { VerifiedLog } from './did-log.ts'
import { IdentityError, LogForkError } from './identity-error.ts'
import { type LogEntry, writeLogEntry } from './log-entry.ts'

/**
 * Holds another valid log against the one that was seen first, and returns the entries that are new.
 *
 * Entries are compared by versionId, which covers all but their proofs: a proof may be made twice.
 *
 * @throws IdentityError `log-foreign`, `log-rollback`; LogForkError with both entries as evidence
 */
export function checkAgainstKnown(
  known: VerifiedLog,
  presented: readonly LogEntry[],
): readonly LogEntry[] {
  if (presented[0]?.parameters.scid !== known.scid) {
    throw new IdentityError('log-foreign', 'the log is that of another DID')
  }
  for (const [index, entry] of known.entries.entries()) {
    const other = presented[index]
    if (other === undefined) {
      throw new IdentityError('log-rollback', 'the log ends before the one that is known')
    }
    if (other.versionId !== entry.versionId) {
      throw new LogForkError({
        knownEntry: writeLogEntry(entry),
        presentedEntry: writeLogEntry(other),
      })
    }
  }
  return presented.slice(known.version)
}
