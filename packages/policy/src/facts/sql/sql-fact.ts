/** What one statement does: `other` reads and writes at once. */
export type SqlKind = 'select' | 'insert' | 'update' | 'delete' | 'other'

/**
 * What one SQL statement would do, as far as its text and the declared schema say.
 *
 * Sets are sorted and name more rather than less: what the database would touch is among them.
 * Names are as SQL would print them, `public.orders` or `public."Order Lines"`.
 */
export interface SqlFact {
  /** Always true: a text without facts is refused. */
  readonly ok: true
  readonly kind: SqlKind
  /** Always 1: a text of several statements is refused. */
  readonly statements: 1
  /** At most so many rows come back; absent when the statement does not say so by a constant. */
  readonly limit?: number
  /** So many rows are skipped first; absent when none are. */
  readonly offset?: number
  readonly tables: readonly string[]
  /** As `schema.table.column`; `schema.table.*` when it may be any of them. */
  readonly columns: readonly string[]
  /** In lower case; with their schema where it is not the database's own. */
  readonly functions: readonly string[]
  readonly writes: boolean
  readonly locks: boolean
  readonly into: boolean
  readonly recursive: boolean
  /** Puts many rows into one, so that a limit on rows bounds nothing. */
  readonly collapses: boolean
  /** Any of the five above. */
  readonly unsafe: boolean
}

/** What was found so far, before it is a fact. */
export interface SqlFindings {
  readonly kind: SqlKind
  readonly limit?: number | undefined
  readonly offset?: number | undefined
  readonly tables: Iterable<string>
  readonly columns: Iterable<string>
  readonly functions: Iterable<string>
  readonly flags: ReadonlySet<SqlFlag>
}

/** What makes a statement unsafe. */
export type SqlFlag = 'writes' | 'locks' | 'into' | 'recursive' | 'collapses'

/** Makes the fact of what was found. */
export function sqlFact({ kind, limit, offset, flags, ...sets }: SqlFindings): SqlFact {
  return Object.freeze({
    ok: true,
    kind,
    statements: 1,
    ...(limit === undefined ? {} : { limit }),
    ...(offset === undefined ? {} : { offset }),
    tables: sorted(sets.tables),
    columns: sorted(sets.columns),
    functions: sorted(sets.functions),
    writes: flags.has('writes'),
    locks: flags.has('locks'),
    into: flags.has('into'),
    recursive: flags.has('recursive'),
    collapses: flags.has('collapses'),
    unsafe: flags.size > 0,
  })
}

function sorted(names: Iterable<string>): readonly string[] {
  return Object.freeze([...new Set(names)].toSorted())
}
