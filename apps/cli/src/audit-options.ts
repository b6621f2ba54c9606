import { join } from 'node:path'
import { auditDirectoryOf, type GivenSources } from '@warren/node/audit'
import type { CommonOptions, Context } from './context.ts'

/** Which log a command reads: that of the data directory, or another one. */
export interface LogOptions extends CommonOptions {
  readonly log?: string
}

/** By what it is verified, where that does not come from the copies beside it. */
export interface SourceOptions extends LogOptions {
  readonly didLog?: string
  readonly charter?: string
  readonly cosigner?: readonly string[]
}

/** The directory of the log that a command reads. */
export function logDirectory({ directory }: Context, log: string | undefined): string {
  return log === undefined ? join(directory, 'audit') : auditDirectoryOf(log)
}

/** What was given to verify by. */
export function givenSources({ didLog, charter, cosigner }: SourceOptions): GivenSources {
  return {
    ...(didLog === undefined ? {} : { didLog }),
    ...(charter === undefined ? {} : { charter }),
    ...(cosigner === undefined ? {} : { cosignerLogs: cosigner }),
  }
}
