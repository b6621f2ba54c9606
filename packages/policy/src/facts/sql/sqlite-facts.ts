import { type SqlFact, sqlFact, type SqlFlag } from './sql-fact.ts'
import { SqlFactError } from './sql-fact-error.ts'
import { SQLITE_COLLAPSING, SQLITE_FUNCTIONS, SQLITE_OPERATORS } from './sql-functions.ts'
import { sqlName } from './sql-name.ts'
import { checkSqlEnds } from './sql-ends.ts'
import { checkSqlText, SQL_WORDS_MAX } from './sql-text.ts'
import { type SqliteCompiler, type SqliteUse } from './sqlite-compiler.ts'
import { checkSqliteExpansion } from './sqlite-expansion.ts'
import { type JoinedNames, joinedNames } from './sqlite-joins.ts'
import { sqliteLimit } from './sqlite-limit.ts'
import { lowerCase } from './sqlite-tokens.ts'

/** What the owner says about the database behind a tool, besides its schema. */
export interface SqliteRules {
  /** Functions, besides the ordinary ones, that the owner vouches for. */
  readonly functions?: readonly string[] | undefined
}

/**
 * The facts of one SELECT for SQLite; nothing else has any.
 *
 * Whatever the text, it throws nothing but an SqlFactError.
 *
 * @throws SqlFactError
 */
export function sqliteFact(compiler: SqliteCompiler, rules: SqliteRules, text: unknown): SqlFact {
  const { statement, uses } = selectOf(compiler, text)
  const { tables, columns } = readsOf(compiler, statement, uses)
  const functions = functionsOf(uses, rules)
  const flags = new Set<SqlFlag>()
  if (uses.some(({ action }) => action === 'recursion')) flags.add('recursive')
  if (functions.some((name) => SQLITE_COLLAPSING.has(name))) flags.add('collapses')
  const limit = sqliteLimit(statement, (candidate) => compilesWhole(compiler, candidate))
  return sqlFact({ kind: 'select', ...limit, tables, columns, functions, flags })
}

/**
 * The same statement with a bound on its rows around it. SQLite has to find the same reads and calls in it.
 *
 * @throws SqlFactError
 */
export function boundSqlite(compiler: SqliteCompiler, text: unknown, rows: number): string {
  const { statement, uses } = selectOf(compiler, text)
  const bounded = `${around(statement)} LIMIT ${rows}`
  const compiled = compileWhole(compiler, bounded)
  if (compiled === undefined || !isSameUse(uses, compiled)) {
    throw new SqlFactError('fact-sql-unbounded', 'no limit can be put around the statement')
  }
  return bounded
}

interface Select {
  /** Without the semicolon that ends it. */
  readonly statement: string
  readonly uses: readonly SqliteUse[]
}

function selectOf(compiler: SqliteCompiler, input: unknown): Select {
  const text = checkSqlText(input, SQL_WORDS_MAX.sqlite)
  checkSqliteExpansion(compiler, text)
  const compiled = compiler.compile(text)
  if (compiled.outcome !== 'compiled') {
    throw new SqlFactError(
      'fact-sql-malformed',
      'SQLite finds no reading statement in the text that fits the declared schema',
    )
  }
  if (!isWhole(compiler, text, compiled.text)) {
    throw new SqlFactError('fact-sql-statements', 'one call carries one statement')
  }
  const statement = compiled.text.replace(/;$/, '')
  // EXPLAIN, PRAGMA, VACUUM and the like cannot stand in a FROM, nor can a text that ends in an open comment.
  if (!compilesWhole(compiler, around(statement))) {
    throw new SqlFactError('fact-sql-unsupported', 'only SELECT has facts')
  }
  checkSqlEnds(text)
  return { statement, uses: compiled.uses }
}

function around(statement: string): string {
  return `SELECT * FROM (\n${statement}\n) AS _bounded`
}

function compilesWhole(compiler: SqliteCompiler, text: string): boolean {
  return compileWhole(compiler, text) !== undefined
}

/** What a text that is one statement and nothing after it uses. */
function compileWhole(compiler: SqliteCompiler, text: string): readonly SqliteUse[] | undefined {
  const compiled = compiler.compile(text)
  if (compiled.outcome !== 'compiled' || !isWhole(compiler, text, compiled.text)) return undefined
  return compiled.uses
}

function isWhole(compiler: SqliteCompiler, text: string, statement: string): boolean {
  if (!text.startsWith(statement)) return false
  const rest = text.slice(statement.length).replace(/^[ \t\n\f\r;]+/, '')
  return rest === '' || compiler.compile(rest).outcome === 'empty'
}

interface Reads {
  readonly tables: ReadonlySet<string>
  readonly columns: ReadonlySet<string>
}

function readsOf(compiler: SqliteCompiler, statement: string, uses: readonly SqliteUse[]): Reads {
  const tables = new Set<string>()
  const columns = new Set<string>()
  for (const use of uses) {
    if (use.action !== 'read') continue
    const table = sqlName(...[use.database ?? 'main', use.table].map(lowerCase))
    if (use.database === undefined && !tables.has(table) && !isTable(compiler, use.table)) continue
    tables.add(table)
    if (use.column !== undefined) columns.add(`${table}.${sqlName(lowerCase(use.column))}`)
  }
  const joined = joinedNames(compiler, statement)
  return joined === undefined
    ? { tables, columns }
    : withJoined({ tables, columns }, tablesOf(compiler, joined))
}

function withJoined(reported: Reads, joined: readonly string[]): Reads {
  const tables = new Set([...reported.tables, ...joined])
  const all = [...tables].map((table) => `${table}.*`)
  return { tables, columns: new Set([...reported.columns, ...all]) }
}

function tablesOf(compiler: SqliteCompiler, { declared, builtIn }: JoinedNames): readonly string[] {
  return [
    ...declared.map((name) => sqlName('main', name)),
    ...builtIn.flatMap((name) => builtInTables(compiler, name)),
  ]
}

/** A name without a database may be that of a CTE. */
function isTable(compiler: SqliteCompiler, name: string): boolean {
  return compilesWhole(compiler, `SELECT 1 FROM main.${quoted(name)}`)
}

/** What SQLite reports of a table that every database has; nothing where a name is that of none. */
function builtInTables(compiler: SqliteCompiler, name: string): readonly string[] {
  const uses = compileWhole(compiler, `SELECT 1 FROM ${quoted(name)}`) ?? []
  return uses.flatMap((use) =>
    use.action === 'read' ? [sqlName(...[use.database ?? 'main', use.table].map(lowerCase))] : [],
  )
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function functionsOf(uses: readonly SqliteUse[], rules: SqliteRules): readonly string[] {
  const names = uses
    .flatMap((use) => (use.action === 'function' ? [lowerCase(use.name)] : []))
    .filter((name) => !SQLITE_OPERATORS.has(name))
  for (const name of names) {
    const declared = rules.functions?.includes(name) ?? false
    if (!declared && !SQLITE_FUNCTIONS.has(name) && !SQLITE_COLLAPSING.has(name)) {
      throw new SqlFactError(
        'fact-sql-function',
        'the statement calls a function that the owner of the server does not vouch for',
      )
    }
  }
  return names
}

function isSameUse(left: readonly SqliteUse[], right: readonly SqliteUse[]): boolean {
  return printed(left) === printed(right)
}

function printed(uses: readonly SqliteUse[]): string {
  const lines = uses.map((use) =>
    use.action === 'read'
      ? `read ${lowerCase(use.table)} ${use.column ?? ''}`
      : JSON.stringify(use),
  )
  return [...new Set(lines)].toSorted().join('\n')
}
