import { CodedError } from '@warren/core'

export type AuditErrorCode =
  | 'entry-malformed'
  | 'entry-not-canonical'
  | 'entry-too-large'
  | 'value-malformed'
  | 'disclosure-malformed'
  | 'disclosure-wrong'
  | 'disclosure-foreign'
  | 'time-malformed'
  | 'line-malformed'
  | 'line-too-long'
  | 'log-mismatch'
  | 'batch-too-large'

/** Something is not what an audit log holds, or does not prove what it should. Carries nothing of what was refused. */
export class AuditError extends CodedError<AuditErrorCode> {
  override readonly name = 'AuditError'
}
