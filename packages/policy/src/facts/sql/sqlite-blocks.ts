import { beginsSubquery, closingBracket, nameIn, type SqliteTokens } from './sqlite-tokens.ts'

/** One SELECT without those inside it. */
export interface SqliteBlock {
  /** Its words and signs; what stands in brackets as a query of its own is left out, but for the brackets. */
  readonly own: SqliteTokens
  /** What it selects from: subqueries, and names of tables, views and CTEs. */
  readonly sources: readonly (SqliteTokens | string)[]
  /** Subqueries in its expressions, which may name its columns. */
  readonly inner: readonly SqliteTokens[]
}

const COMPOUND: ReadonlySet<string> = new Set(['union', 'except', 'intersect'])
/** What ends FROM. A comma behind one of these is none between two sources. */
const CLAUSES: ReadonlySet<string> = new Set([
  'select',
  'where',
  'group',
  'having',
  'order',
  'limit',
])

/** The SELECTs that UNION and its kin put together in a text from which CTEs were taken; at least one. */
export function sqliteBlocks(tokens: SqliteTokens): readonly SqliteBlock[] {
  const blocks = [new Reader()]
  for (let index = 0; index < tokens.length; index += 1) {
    if (COMPOUND.has(tokens[index] ?? '')) blocks.push(new Reader())
    index = blocks.at(-1)?.read(tokens, index) ?? index
  }
  return blocks
}

class Reader implements SqliteBlock {
  readonly own: string[] = []
  readonly sources: (SqliteTokens | string)[] = []
  readonly inner: SqliteTokens[] = []
  #depth = 0
  #isInFrom = false

  /** Reads what begins at a place, and says where it ends. */
  read(tokens: SqliteTokens, index: number): number {
    return beginsSubquery(tokens, index)
      ? this.#readSubquery(tokens, index)
      : this.#readToken(tokens, index)
  }

  #readSubquery(tokens: SqliteTokens, open: number): number {
    const end = closingBracket(tokens, open)
    const subqueries = this.#isSource() ? this.sources : this.inner
    subqueries.push(tokens.slice(open + 1, end))
    this.own.push('(', ')')
    return end
  }

  #readToken(tokens: SqliteTokens, index: number): number {
    const token = tokens[index] ?? ''
    const previous = this.own.at(-1)
    // `IN name` is short for a subquery.
    if (this.#isSource() || previous === 'in') {
      this.sources.push(nameIn(tokens[tokens[index + 1] === '.' ? index + 2 : index] ?? ''))
    }
    if (token === '(') this.#depth += 1
    if (token === ')') this.#depth -= 1
    if (this.#depth === 0 && CLAUSES.has(token)) this.#isInFrom = false
    if (token === 'from' && previous !== 'distinct') this.#isInFrom = true
    this.own.push(token)
    return index
  }

  /** Says whether what comes next is something to select from, also in brackets: `FROM (a JOIN b)`. */
  #isSource(): boolean {
    const last = this.own.findLastIndex((token) => token !== '(')
    const brackets = this.own.length - 1 - last
    const before = this.own[last]
    if (before === 'from') return this.own[last - 1] !== 'distinct'
    if (before === 'join') return true
    return before === ',' && this.#isInFrom && this.#depth === brackets
  }
}
