import { SqlFactError } from './sql-fact-error.ts'
import { type SqliteCompiler } from './sqlite-compiler.ts'
import { EXPANDED_WORDS_MAX, sqliteCopies } from './sqlite-copies.ts'
import { splitCtes } from './sqlite-ctes.ts'
import { beginsSubquery, nameIn, sqliteTokens, type SqliteTokens } from './sqlite-tokens.ts'

/*
 * SQLite copies a CTE into every place that refers to it, and weighs the orders in which tables can be joined, before
 * it asks its authorizer anything: twenty short CTEs, each joined with itself by the next, keep it busy for ever. With
 * so many tables, counted with all copies, compiling takes 7 ms at worst; with twice as many 90 ms.
 */
const SOURCES_MAX = 32

const BEFORE_A_TABLE: ReadonlySet<string> = new Set(['from', 'join', ',', '(', 'in', '.'])
/** How the names of tables begin that every database has. */
export const BUILT_IN: RegExp = /^(?:sqlite_|pragma_|json_|jsonb_|dbstat|fts)/

/**
 * Refuses a text that joins too many tables, or has too many words, counted with what views, CTEs and subqueries stand
 * for.
 *
 * What it reads differently from SQLite costs time and nothing else: no fact comes from here.
 *
 * @throws SqlFactError `fact-sql-too-complex`
 */
export function checkSqliteExpansion(compiler: SqliteCompiler, text: string): void {
  const { bodies, rest } = splitCtes(sqliteTokens(text))
  const definitions = new Map(bodies.map((cte) => [cte.name, cte]))
  // What one name stands for in several places cannot be weighed, since it depends on the place.
  if (definitions.size < bodies.length || bodies.some(({ name }) => compiler.views.has(name))) {
    throw new SqlFactError(
      'fact-sql-too-complex',
      'a WITH gives no name twice in one statement, and none that a view has',
    )
  }
  for (const [name, sql] of compiler.views) {
    definitions.set(name, { name, body: sqliteTokens(sql), isInside: false })
  }
  const weights = new Map<string, number>()

  function weigh(name: string): number {
    const known = weights.get(name)
    if (known !== undefined) return known
    const body = definitions.get(name)?.body
    if (body === undefined) return compiler.tables.has(name) || BUILT_IN.test(name) ? 1 : 0
    // One that refers to itself is a recursion, or an error, and is not copied for that.
    weights.set(name, 1)
    const weight = Math.max(1, sourcesIn(body, weigh))
    weights.set(name, weight)
    return weight
  }

  if (sourcesIn(rest, weigh) > SOURCES_MAX) {
    throw new SqlFactError(
      'fact-sql-too-complex',
      `a statement reads at most ${SOURCES_MAX} tables, counted with all that its parts repeat`,
    )
  }
  if (sqliteCopies(rest, definitions) > EXPANDED_WORDS_MAX) {
    throw new SqlFactError(
      'fact-sql-too-complex',
      `a statement has at most ${EXPANDED_WORDS_MAX} words, counted with what the columns of its subqueries repeat`,
    )
  }
}

function sourcesIn(tokens: SqliteTokens, weigh: (name: string) => number): number {
  return tokens.reduce((sum, token, index) => {
    const previous = tokens[index - 1] ?? ''
    if (beginsSubquery(tokens, index - 1)) return sum + 1
    return BEFORE_A_TABLE.has(previous) && tokens[index + 1] !== '.'
      ? sum + weigh(nameIn(token))
      : sum
  }, 0)
}
