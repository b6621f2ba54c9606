import { CodedError } from '@warren/core'

export type CommandErrorCode =
  | 'usage'
  | 'call-refused'
  | 'tool-failed'
  | 'invitation-malformed'
  | 'file-exists'
  | 'passphrase-missing'
  | 'passphrase-too-short'
  | 'passphrase-differs'
  | 'passphrase-shared'
  | 'confirmation-missing'
  | 'not-confirmed'
  | 'request-foreign'
  | 'approval-unknown'
  | 'approval-mismatch'
  | 'not-kept-out'
  | 'value-not-kept'

/** The command line asked for something that cannot be, or was refused it. */
export class CommandError extends CodedError<CommandErrorCode> {
  override readonly name = 'CommandError'
}
