import { CodedError } from '@warren/core'

export type ExportErrorCode =
  | 'receiver-unreachable'
  /** It ended the connection before everything that was sent was known to be read. */
  | 'receiver-closed'
  /** It took too long, or did not answer the end of the connection with its own. */
  | 'receiver-silent'
  /** It answered, and not with a yes. */
  | 'receiver-refused'
  /** A file that the target names cannot be read or is not as private as it must be. */
  | 'credentials-unreadable'
  | 'file-unwritable'

/** Why copies did not reach a receiver. */
export class ExportError extends CodedError<ExportErrorCode> {
  override readonly name = 'ExportError'
}
