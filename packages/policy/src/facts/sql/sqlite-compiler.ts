/** Something that a compiled statement would do, as SQLite's compiler reports it to its authorizer. */
export type SqliteUse =
  | {
      readonly action: 'read'
      /** Absent where no column of the table is read. */
      readonly column?: string
      readonly table: string
      /** Absent where the compiler does not say; then it may be the name of a CTE as well. */
      readonly database?: string
    }
  | { readonly action: 'function'; readonly name: string }
  | { readonly action: 'recursion' }

/** What SQLite made of a text. */
export type SqliteCompilation =
  /** Nothing but spaces and comments. */
  | { readonly outcome: 'empty' }
  /** Malformed, unknown names, or an action that is not one of `SqliteUse`. */
  | { readonly outcome: 'refused' }
  | {
      readonly outcome: 'compiled'
      /** The part of the text that is the first statement; the rest was not looked at. */
      readonly text: string
      readonly uses: readonly SqliteUse[]
    }

/** Port: SQLite's own compiler on a database that holds the declared schema and no data. It runs nothing. */
export interface SqliteCompiler {
  /** The tables of the schema, in lower case. */
  readonly tables: ReadonlySet<string>
  /** The views of the schema, in lower case, and the SQL of each. */
  readonly views: ReadonlyMap<string, string>
  compile(text: string): SqliteCompilation
}
