/** An argument that names a file or directory. */
export interface PathDeclaration {
  readonly type: 'path'
  /** Where the server resolves a relative path: absolute, without links. */
  readonly base: string
  /** Send the server the canonical path instead of what was asked. */
  readonly forward?: 'canonical'
}

/** An argument that is a URL. */
export interface UrlDeclaration {
  readonly type: 'url'
  /** Every other scheme is refused. */
  readonly schemes: readonly string[]
  /** Ask the resolver of this machine for the addresses of the host, which tells it the name. */
  readonly resolve: boolean
}

/** An argument that a POSIX shell will read. */
export interface ShellDeclaration {
  readonly type: 'shell'
}

/** An argument that is a regular expression. */
export interface RegexDeclaration {
  readonly type: 'regex'
}

/** An argument whose text is a JSON value. */
export interface JsonDeclaration {
  readonly type: 'json'
}

/** What an argument means. Nothing is inferred from names or values. */
export type Declaration =
  | PathDeclaration
  | UrlDeclaration
  | ShellDeclaration
  | RegexDeclaration
  | JsonDeclaration
