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

/** What the owner says of every argument that is SQL. */
interface SqlOptions {
  readonly type: 'sql'
  /** Functions, besides the ordinary ones, that the owner vouches for. */
  readonly functions?: readonly string[]
  /** So many rows at most are put around a SELECT that bounds itself by no number. */
  readonly rewriteRows?: number
}

/** An argument that is one statement for Postgres. */
export interface PostgresDeclaration extends SqlOptions {
  readonly dialect: 'postgres'
  /** Where the server looks for a table without a schema. */
  readonly searchPath: readonly string[]
}

/** An argument that is one statement for SQLite. */
export interface SqliteDeclaration extends SqlOptions {
  readonly dialect: 'sqlite'
  /** Name of the file beside the declarations that makes the tables and views. */
  readonly schema: string
}

/** An argument that is SQL. */
export type SqlDeclaration = PostgresDeclaration | SqliteDeclaration

/** What an argument means. Nothing is inferred from names or values. */
export type Declaration =
  | PathDeclaration
  | UrlDeclaration
  | SqlDeclaration
  | ShellDeclaration
  | RegexDeclaration
  | JsonDeclaration
