import { SqlFactError } from './sql-fact-error.ts'
import { type SqliteCompiler } from './sqlite-compiler.ts'

/*
 * SQLite copies a CTE into every place that refers to it, and weighs the orders in which tables can be joined, before
 * it asks its authorizer anything: twenty short CTEs, each joined with itself by the next, keep it busy for ever. With
 * so many tables, counted with all copies, compiling takes 7 ms at worst; with twice as many 90 ms.
 */
const SOURCES_MAX = 32

/** What is not closed ends with the text, so that no part of it is read twice. */
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$)|[\w$\u0080-\uFFFF]+|\S/g
const BEFORE_A_TABLE: ReadonlySet<string> = new Set(['from', 'join', ',', '(', 'in', '.'])
const SUBQUERY: ReadonlySet<string> = new Set(['select', 'values', 'with'])
/** Tables that every database has. */
const BUILT_IN = /^(?:sqlite_|pragma_|json_|jsonb_|dbstat|fts)/

type Tokens = readonly string[]

/**
 * Refuses a text that joins too many tables, counted with what views and CTEs stand for.
 *
 * What it reads differently from SQLite costs time and nothing else: no fact comes from here.
 *
 * @throws SqlFactError `fact-sql-too-complex`
 */
export function checkSqliteExpansion(compiler: SqliteCompiler, text: string): void {
  const { bodies, rest } = splitCtes(tokensOf(text))
  const definitions = new Map(bodies)
  // What one name stands for in several places cannot be weighed, since it depends on the place.
  if (definitions.size < bodies.length || bodies.some(([name]) => compiler.views.has(name))) {
    throw new SqlFactError(
      'fact-sql-too-complex',
      'a WITH gives no name twice in one statement, and none that a view has',
    )
  }
  for (const [name, sql] of compiler.views) definitions.set(name, tokensOf(sql))
  const weights = new Map<string, number>()

  function weigh(name: string): number {
    const known = weights.get(name)
    if (known !== undefined) return known
    const body = definitions.get(name)
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
}

function sourcesIn(tokens: Tokens, weigh: (name: string) => number): number {
  return tokens.reduce((sum, token, index) => {
    const previous = tokens[index - 1] ?? ''
    if (previous === '(' && SUBQUERY.has(token)) return sum + 1
    return BEFORE_A_TABLE.has(previous) && tokens[index + 1] !== '.' ? sum + weigh(token) : sum
  }, 0)
}

interface Split {
  /** What each CTE stands for. */
  readonly bodies: readonly (readonly [string, Tokens])[]
  /** The text without them. */
  readonly rest: Tokens
}

/** Finds what stands as `name AS (…)`: a CTE, or something else that does no harm here. */
function splitCtes(tokens: Tokens): Split {
  const bodies: (readonly [string, Tokens])[] = []
  const rest: string[] = []
  let index = 0
  while (index < tokens.length) {
    const token = tokens[index] ?? ''
    const open = token === 'as' ? openingAfter(tokens, index) : undefined
    rest.push(token)
    index += 1
    if (open === undefined) continue
    const end = closing(tokens, open)
    const inner = splitCtes(tokens.slice(open + 1, end))
    bodies.push(...inner.bodies, [nameBefore(rest), inner.rest])
    index = end
  }
  return { bodies, rest }
}

function openingAfter(tokens: Tokens, as: number): number | undefined {
  const skipped = tokens
    .slice(as + 1, as + 3)
    .filter((token) => /^(?:not|materialized)$/.test(token))
  const open = as + 1 + skipped.length
  return tokens[open] === '(' ? open : undefined
}

function closing(tokens: Tokens, open: number): number {
  let depth = 0
  for (let index = open; index < tokens.length; index += 1) {
    if (tokens[index] === '(') depth += 1
    if (tokens[index] === ')') depth -= 1
    if (depth === 0) return index
  }
  return tokens.length
}

/** The name before AS, and before the columns of the CTE if it names any. */
function nameBefore(tokens: Tokens): string {
  const last = tokens.length - 2
  return tokens[tokens[last] === ')' ? tokens.lastIndexOf('(', last) - 1 : last] ?? ''
}

function tokensOf(text: string): Tokens {
  return [...text.matchAll(TOKEN)]
    .map(([token]) => token.toLowerCase())
    .filter((token) => !token.startsWith('--') && !token.startsWith('/*'))
    .map(unquoted)
}

function unquoted(token: string): string {
  const [mark = ''] = token
  if (token.length < 2) return token
  if (mark === '[') return token.slice(1, -1)
  return '\'"`'.includes(mark) ? token.slice(1, -1).replaceAll(mark + mark, mark) : token
}
