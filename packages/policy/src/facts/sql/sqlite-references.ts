import type { SqliteBlock } from './sqlite-blocks.ts'
import { nameIn, type SqliteTokens } from './sqlite-tokens.ts'

/** How often the expressions behind the names in one SELECT may be copied into it. */
export interface SqliteReferences {
  /** At most so often stands any one column of its sources in it. */
  readonly columns: number
  /** At most so often does one of its own columns stand in what follows the list of them, by name or number. */
  readonly aliases: number
}

/** Words that are no names, unless they are quoted: asked of SQLite 3.53. */
const RESERVED: ReadonlySet<string> = new Set(
  `add all alter and as autoincrement between case check collate commit constraint create current_date current_time
  current_timestamp default deferrable delete distinct drop else escape except exists foreign from group having in
  index insert intersect into is isnull join limit not nothing notnull null on or order primary references returning
  select set table then to transaction union unique update using values when where`.split(/\s+/),
)
const BEFORE_A_STAR: ReadonlySet<string> = new Set(['select', 'distinct', 'all', ',', '.'])
const BEFORE_BY: ReadonlySet<string> = new Set(['group', 'order', 'partition'])
const AFTER_THE_COLUMNS: ReadonlySet<string> = new Set([
  'from',
  'where',
  'group',
  'having',
  'order',
])

/** Counts the names in one SELECT, with those in the subqueries of its expressions. */
export function sqliteReferences({ own, inner }: SqliteBlock): SqliteReferences {
  const start = endOfColumns(own)
  const clauses = new Counts()
  for (const tokens of [own.slice(start), ...inner]) clauses.add(tokens)
  const aliases = aliasesIn(own.slice(0, start)).map((name) => clauses.ofName(name))
  const all = new Counts()
  for (const tokens of [own, ...inner]) all.add(tokens)
  return { columns: all.max(), aliases: Math.max(1, ...aliases) + ordinalsIn(own) }
}

class Counts {
  /** By the name, or by what it is written behind and the name; of a star the sign. */
  readonly #counts = new Map<string, number>()
  #everything = 0

  add(tokens: SqliteTokens): void {
    tokens.forEach((token, index) => {
      const previous = tokens[index - 1] ?? ''
      if (token === 'natural') this.#everything += 1
      if (token === '*' ? BEFORE_A_STAR.has(previous) : isReference(tokens, index)) {
        const qualifier = previous === '.' ? `${nameIn(tokens[index - 2] ?? '')}.` : ''
        this.#count(`${qualifier}${nameIn(token)}`, 1)
      }
      // Each CASE has an END, which is a name elsewhere.
      if (token === 'case') this.#count('end', -1)
    })
  }

  ofName(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  /** Of any column: `a.n` and `b.n` are two, and each may be `n` as well. */
  max(): number {
    let most = 1
    let stars = 0
    for (const [key, count] of this.#counts) {
      const dot = key.lastIndexOf('.')
      const name = key.slice(dot + 1)
      if (key === '*') continue
      if (name === '*') stars = Math.max(stars, count)
      else most = Math.max(most, count + (dot < 0 ? 0 : this.ofName(name)))
    }
    return most + stars + this.ofName('*') + this.#everything
  }

  #count(key: string, by: number): void {
    this.#counts.set(key, this.ofName(key) + by)
  }
}

/** Says whether a token may name a column: no function, nothing that a name is written behind, no new name. */
function isReference(tokens: SqliteTokens, index: number): boolean {
  const token = tokens[index] ?? ''
  const previous = tokens[index - 1] ?? ''
  const next = tokens[index + 1]
  if (next === '(' || next === '.' || previous === 'as' || RESERVED.has(token)) return false
  if (token.startsWith("'")) return previous === '.'
  if (token === 'by') return !BEFORE_BY.has(previous)
  return token.startsWith('"') || /^[^\d\W]|^[$\u0080-\uFFFF]/.test(token)
}

/** The names that columns get: what stands last in each of them, behind something else. */
function aliasesIn(columns: SqliteTokens): readonly string[] {
  let depth = 0
  return columns.flatMap((token, index) => {
    if (token === '(') depth += 1
    if (token === ')') depth -= 1
    const next = columns[index + 1] ?? ','
    return depth === 0 && next === ',' && token !== ')' ? [nameIn(token)] : []
  })
}

/** `ORDER BY 1` repeats the first column. */
function ordinalsIn(own: SqliteTokens): number {
  let count = 0
  let isList = false
  own.forEach((token, index) => {
    if (token === 'by') isList = BEFORE_BY.has(own[index - 1] ?? '')
    if (token === 'limit' || token === 'having') isList = false
    if (isList && /^\d/.test(token)) count += 1
  })
  return count
}

function endOfColumns(own: SqliteTokens): number {
  let depth = 0
  const end = own.findIndex((token, index) => {
    if (token === '(') depth += 1
    if (token === ')') depth -= 1
    return depth === 0 && isAfterTheColumns(own, index)
  })
  return end < 0 ? own.length : end
}

/** `a IS DISTINCT FROM b` goes on, and WINDOW is a name unless it defines one. */
function isAfterTheColumns(own: SqliteTokens, index: number): boolean {
  const token = own[index] ?? ''
  if (token === 'window') return own[index + 2] === 'as' && own[index + 3] === '('
  return AFTER_THE_COLUMNS.has(token) && own[index - 1] !== 'distinct'
}
