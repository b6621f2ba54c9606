import { CodedError } from '@warren/core'

export type ConfigErrorCode =
  | 'config-missing'
  | 'config-unreadable'
  | 'config-too-large'
  | 'config-open'
  | 'config-foreign'
  | 'config-syntax'
  | 'config-invalid'
  | 'config-unwritable'
  | 'config-changed'
  | 'config-server-exists'

/** One thing that is wrong in a configuration, and where. */
export interface ConfigIssue {
  /** Such as `servers.files.command`; empty for the file as a whole. */
  readonly path: string
  /** Counted from 1. */
  readonly line: number
  /** Counted from 1. */
  readonly column: number
  readonly message: string
  /** What to do about it. */
  readonly hint?: string
}

/** The configuration cannot be used. Names places and rules; never a value, which may be a secret. */
export class ConfigError extends CodedError<ConfigErrorCode> {
  override readonly name = 'ConfigError'
  /** At most ten, in the order of their places. */
  readonly issues: readonly ConfigIssue[]

  constructor(
    code: ConfigErrorCode,
    message: string,
    options: ErrorOptions & { readonly issues?: readonly ConfigIssue[] } = {},
  ) {
    super(code, message, options)
    this.issues = options.issues ?? []
  }
}
