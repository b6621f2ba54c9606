import { sqlName } from './sql-name.ts'

/** Something in FROM, as the rest of the statement names it. */
export interface Source {
  readonly name: string
  /** The tables whose rows it shows under the names of their columns. */
  readonly tables: readonly string[]
  /** It gives the columns other names, so that a name says nothing about which column it is. */
  readonly renames?: boolean
  /** For a function: the columns that it has for certain. What else looks like one may be a call. */
  readonly certain?: readonly string[]
}

/** The names that one place of a statement sees. */
export interface Scope {
  readonly ctes: ReadonlySet<string>
  /** What stands in the FROM of this SELECT. */
  readonly own: readonly Source[]
  /** What stands in those around it. */
  readonly outer: readonly Source[]
}

/** What a name of a column could mean. */
export interface ColumnMeaning {
  readonly columns: readonly string[]
  /** Postgres reads `a.f` as `f(a)` when `a` has no column `f`. */
  readonly call: 'none' | 'of-a-row' | 'of-anything'
}

/** The scope of a SELECT that stands inside another scope. */
export function innerScope(scope: Scope, own: readonly Source[]): Scope {
  return { ctes: scope.ctes, own, outer: [...scope.own, ...scope.outer] }
}

/**
 * Finds what `qualifier.column`, or a column alone, could mean.
 *
 * Which source is nearest depends on LATERAL, on what a join hides and on where in FROM something stands. All that have
 * the name count, so none of that matters.
 */
export function columnMeaning(scope: Scope, column: string, qualifier?: string): ColumnMeaning {
  const { own, outer } = scope
  const visible = outer.length === 0 ? own : [...own, ...outer]
  if (qualifier === undefined) {
    return { columns: visible.flatMap((source) => columnsOf(source, column)), call: 'none' }
  }
  const named = visible.filter(({ name }) => name === qualifier)
  if (named.length === 0) return { columns: everyColumn(visible), call: 'of-anything' }
  return {
    columns: named.flatMap((source) => columnsOf(source, column)),
    call: callOf(named, column),
  }
}

function callOf(named: readonly Source[], column: string): ColumnMeaning['call'] {
  const functions = named.flatMap(({ certain }) => (certain === undefined ? [] : [certain]))
  if (functions.some((certain) => !certain.includes(column))) return 'of-anything'
  return functions.length === named.length ? 'none' : 'of-a-row'
}

/** All columns that some sources can show. */
export function everyColumn(sources: readonly Source[]): readonly string[] {
  return sources.flatMap(({ tables }) => tables.map((table) => `${table}.*`))
}

/** The columns of its tables that a name can mean in one source. */
export function columnsOf(source: Source, column: string): readonly string[] {
  const isWholeRow = column === source.name
  if (isWholeRow || source.renames === true) return everyColumn([source])
  return source.tables.map((table) => `${table}.${sqlName(column)}`)
}
