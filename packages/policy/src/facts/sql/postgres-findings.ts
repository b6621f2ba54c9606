import {
  POSTGRES_COLLAPSING,
  POSTGRES_FUNCTIONS,
  POSTGRES_OPERATORS,
  POSTGRES_ROW_FUNCTIONS,
  POSTGRES_TYPES,
} from './sql-functions.ts'
import { columnMeaning, everyColumn, type Scope } from './postgres-scope.ts'
import { type SqlFlag } from './sql-fact.ts'
import { SqlFactError } from './sql-fact-error.ts'
import { sqlName } from './sql-name.ts'
import { type SyntaxNode } from './syntax-node.ts'

/** What the owner says about the database behind a tool. */
export interface PostgresRules {
  /** Where the server looks for a table without a schema. */
  readonly searchPath: readonly string[]
  /** Functions, besides the ordinary ones, that the owner vouches for. */
  readonly functions?: readonly string[] | undefined
}

/**
 * Tables and columns that one statement may name, counted with every table that an unqualified name may belong to: 990
 * columns of 990 tables would be a million.
 */
const NAMES_MAX = 4096

/** `char(n)` and `bit(n)` fill a value up to their length. */
const TYPE_LENGTH_MAX = 10_000

/** Gathers what a statement touches, and refuses names that nobody vouches for. */
export class PostgresFindings {
  readonly tables: Set<string> = new Set()
  readonly columns: Set<string> = new Set()
  readonly functions: Set<string> = new Set()
  readonly flags: Set<SqlFlag> = new Set()
  readonly #rules: PostgresRules
  #names = 0
  /** Columns that were noted already, by where they stand and what they are written behind. */
  readonly #noted = new Map<Scope, Map<string | undefined, Set<string>>>()

  constructor(rules: PostgresRules) {
    this.#rules = rules
  }

  /**
   * Notes a table, and says what names it can have in the database: none when it is a CTE.
   *
   * @throws SqlFactError `fact-sql-too-complex`
   */
  table(node: SyntaxNode, ctes: ReadonlySet<string>): readonly string[] {
    const schema = node.text('schemaname')
    const name = node.text('relname')
    if (schema === '' && ctes.has(name)) return []
    const schemas = this.#schemas(schema, name)
    this.count(schemas.length)
    const names = schemas.map((known) => sqlName(known, name))
    for (const table of names) this.tables.add(table)
    return names
  }

  #schemas(schema: string, name: string): readonly string[] {
    if (schema !== '') return [schema]
    // Postgres looks into its own catalogue first, and all that is in there begins like this.
    const { searchPath } = this.#rules
    return name.startsWith('pg_') ? ['pg_catalog', ...searchPath] : searchPath
  }

  /** @throws SqlFactError `fact-sql-too-complex` */
  count(names: number): void {
    this.#names += names
    if (this.#names > NAMES_MAX) {
      throw new SqlFactError(
        'fact-sql-too-complex',
        `a statement names at most ${NAMES_MAX} tables and columns, each counted for every table that it may be of; say of which table a column is`,
      )
    }
  }

  /** @throws SqlFactError `fact-sql-too-complex` */
  addColumns(columns: readonly string[]): void {
    this.count(columns.length)
    for (const column of columns) this.columns.add(column)
  }

  /** @throws SqlFactError `fact-sql-function` */
  column(node: SyntaxNode, scope: Scope): void {
    const names = node.names('fields')
    const qualifier = names.at(-2)
    const name = names.at(-1) ?? ''
    if (this.#isNoted(scope, name, qualifier)) return
    if (name === '') {
      const columns =
        qualifier === undefined
          ? everyColumn(scope.own)
          : columnMeaning(scope, qualifier, qualifier).columns
      this.addColumns(columns)
      return
    }
    const { columns, call } = columnMeaning(scope, name, qualifier)
    this.addColumns(columns)
    if (call === 'of-anything' || (call === 'of-a-row' && POSTGRES_ROW_FUNCTIONS.has(name))) {
      this.call(name)
      this.addColumns(everyColumn([...scope.own, ...scope.outer]))
    }
  }

  /** Says whether a name was noted before: a long statement names few columns often. */
  #isNoted(scope: Scope, name: string, qualifier: string | undefined): boolean {
    const inScope = this.#noted.get(scope) ?? new Map<string | undefined, Set<string>>()
    const names = inScope.get(qualifier) ?? new Set()
    if (names.has(name)) return true
    this.#noted.set(scope, inScope.set(qualifier, names.add(name)))
    return false
  }

  /** @throws SqlFactError `fact-sql-function` */
  call(...qualified: readonly string[]): void {
    const own = qualified[0] === 'pg_catalog' ? qualified.slice(1) : qualified
    const name = sqlName(...own)
    const collapses = POSTGRES_COLLAPSING.has(name)
    const declared = this.#rules.functions?.includes(name) ?? false
    if (!collapses && !declared && !POSTGRES_FUNCTIONS.has(name)) {
      throw new SqlFactError(
        'fact-sql-function',
        'the statement calls a function that the owner of the server does not vouch for',
      )
    }
    if (collapses) this.flags.add('collapses')
    this.functions.add(name)
  }

  /** @throws SqlFactError `fact-sql-unsupported` */
  // oxlint-disable-next-line class-methods-use-this -- beside the other names
  operator(names: readonly string[]): void {
    const own = names.length === 2 && names[0] === 'pg_catalog' ? names.slice(1) : names
    if (own.length !== 1 || !POSTGRES_OPERATORS.has(own[0] ?? '')) {
      throw new SqlFactError('fact-sql-unsupported', 'the statement uses an unusual operator')
    }
  }

  /** @throws SqlFactError `fact-sql-unsupported` */
  // oxlint-disable-next-line class-methods-use-this -- beside the other names
  cast(type: SyntaxNode | undefined): void {
    const names = type?.names('names') ?? []
    const own = names.length === 2 && names[0] === 'pg_catalog' ? names.slice(1) : names
    if (own.length !== 1 || !POSTGRES_TYPES.has(own[0] ?? '')) {
      throw new SqlFactError('fact-sql-unsupported', 'the statement casts to an unusual type')
    }
    // Those of an interval are its fields and its precision.
    if (own[0] === 'interval' || type?.many('typmods').every(isShort) === true) return
    throw new SqlFactError(
      'fact-sql-unsupported',
      `the statement casts to a type whose length is not a number up to ${TYPE_LENGTH_MAX}`,
    )
  }
}

function isShort(length: SyntaxNode): boolean {
  const value = length.type === 'A_Const' ? length.one('ival')?.number('ival') : undefined
  return value !== undefined && Math.abs(value) <= TYPE_LENGTH_MAX
}
