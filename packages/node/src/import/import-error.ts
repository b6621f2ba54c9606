import { CodedError } from '@warren/core'

export type ImportErrorCode =
  | 'import-unreadable'
  | 'import-too-large'
  | 'import-malformed'
  | 'import-no-servers'

/** The file of an AI host cannot be taken over. Carries none of its content. */
export class ImportError extends CodedError<ImportErrorCode> {
  override readonly name = 'ImportError'
}
