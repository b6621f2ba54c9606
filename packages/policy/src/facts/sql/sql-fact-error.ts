import { CodedError } from '@warren/core'

export type SqlFactErrorCode =
  | 'fact-sql-not-text'
  | 'fact-sql-too-long'
  | 'fact-sql-too-complex'
  | 'fact-sql-malformed'
  | 'fact-sql-statements'
  | 'fact-sql-unsupported'
  | 'fact-sql-function'
  | 'fact-sql-limit'
  | 'fact-sql-unbounded'

/** A statement has no facts, and so is refused. The message says why, to the person who wrote it. */
export class SqlFactError extends CodedError<SqlFactErrorCode> {
  override readonly name = 'SqlFactError'
}
