import { CodedError } from '@warren/core'

export type CommandErrorCode =
  | 'usage'
  | 'call-refused'
  | 'daemon-not-running'
  | 'passphrase-missing'

/** The command line asked for something that cannot be. */
export class CommandError extends CodedError<CommandErrorCode> {
  override readonly name = 'CommandError'
}
