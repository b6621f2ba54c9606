import { SqlFactError } from './sql-fact-error.ts'

/** How many rows come back and how many are skipped, where a statement says so. */
export interface SqliteLimit {
  readonly limit?: number
  readonly offset?: number
}

/** White space and the beginnings of names are those of SQLite: a no-break space is a letter to it. */
const LIMIT_AT_END =
  /(?<![\w$\u0080-\uFFFF])limit[ \t\n\f\r]+(\d{1,15})(?:[ \t\n\f\r]*(,|\boffset\b)[ \t\n\f\r]*(\d{1,15}))?[ \t\n\f\r]*$/i

/**
 * The LIMIT of a statement, which compiles. SQLite itself is asked whether what looks like one is one.
 *
 * If what stands before it compiles alone, it ends outside of every string and bracket; if it no longer does with a
 * bracket after it, it does not end in a comment. So LIMIT is a keyword there and bounds the whole statement.
 *
 * @throws SqlFactError `fact-sql-limit` when there is a limit, but not one of numbers
 */
export function sqliteLimit(statement: string, compiles: (text: string) => boolean): SqliteLimit {
  const match = LIMIT_AT_END.exec(statement)
  if (match !== null) {
    const before = statement.slice(0, match.index)
    if (compiles(before) && !compiles(`${before}\n)`) && !compiles(`${before})`)) {
      return numbersOf(match)
    }
  }
  // A second LIMIT is an error of syntax: where one can be added there is none yet.
  if (compiles(`${statement}\nLIMIT 1`)) return {}
  throw new SqlFactError('fact-sql-limit', 'LIMIT and OFFSET are written as numbers, at the end')
}

function numbersOf([, first, sign, second]: RegExpExecArray): SqliteLimit {
  if (sign === undefined) return { limit: Number(first) }
  return sign === ','
    ? { limit: Number(second), offset: Number(first) }
    : { limit: Number(first), offset: Number(second) }
}
