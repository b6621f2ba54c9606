import { SqlFactError } from './sql-fact-error.ts'

/** How many rows come back and how many are skipped, where a statement says so. */
export interface SqliteLimit {
  readonly limit?: number
  readonly offset?: number
}

/** White space and the beginnings of names are those of SQLite: a no-break space is a letter to it, and `$a::limit(5)` a name. */
const SPACES = String.raw`[ \t\n\f\r]*`
const NUMBER = String.raw`(?:(\d{1,15})|\(${SPACES}(\d{1,15})${SPACES}\))`
const LIMIT_AT_END = new RegExp(
  String.raw`(?<![\w$:\u0080-\uFFFF])limit(?=[ \t\n\f\r(])${SPACES}${NUMBER}(?:${SPACES}(,|\boffset\b)${SPACES}${NUMBER})?${SPACES}$`,
  'i',
)
/** Comments at the end of a statement that are looked behind. */
const COMMENTS_MAX = 4

/**
 * The LIMIT of a statement, which compiles. SQLite itself is asked whether what looks like one is one.
 *
 * @throws SqlFactError `fact-sql-limit` when there is a limit, but not one of numbers
 */
export function sqliteLimit(text: string, compiles: (text: string) => boolean): SqliteLimit {
  const statement = withoutComments(text, compiles)
  const match = LIMIT_AT_END.exec(statement)
  if (match !== null && isWholeBefore(statement, match.index, compiles)) return numbersOf(match)
  // A second LIMIT is an error of syntax: where one can be added there is none yet.
  if (compiles(`${statement}\nLIMIT 1`)) return {}
  throw new SqlFactError('fact-sql-limit', 'LIMIT and OFFSET are written as numbers, at the end')
}

/**
 * Says whether SQLite begins a new word, a sign or a comment at a place, behind a statement that could end there.
 *
 * If what stands before it compiles alone, it ends outside of every string and bracket; if it no longer does with a
 * bracket after it, it does not end in a comment. So LIMIT is a keyword there and bounds the whole statement.
 */
function isWholeBefore(
  statement: string,
  index: number,
  compiles: (text: string) => boolean,
): boolean {
  const before = statement.slice(0, index)
  return compiles(before) && !compiles(`${before}\n)`) && !compiles(`${before})`)
}

function withoutComments(statement: string, compiles: (text: string) => boolean): string {
  let rest = statement
  for (let found = 0; found < COMMENTS_MAX; found += 1) {
    const start = startOfComment(rest)
    if (start < 0 || !isWholeBefore(rest, start, compiles)) return rest
    rest = rest.slice(0, start)
  }
  return rest
}

/** Where something begins that may be a comment up to the end of a text; -1 where nothing does. */
function startOfComment(text: string): number {
  let end = text.length
  // By hand, since a regular expression would try each run of spaces in the text from each of its places.
  while (' \t\n\f\r'.includes(text[end - 1] ?? 'none')) end -= 1
  const trimmed = text.slice(0, end)
  const dashes = trimmed.indexOf('--', trimmed.lastIndexOf('\n') + 1)
  if (dashes >= 0) return dashes
  return trimmed.endsWith('*/') ? trimmed.lastIndexOf('/*', trimmed.length - 4) : -1
}

function numbersOf([, bare, bracketed, sign, ...rest]: RegExpExecArray): SqliteLimit {
  const first = Number(bare ?? bracketed)
  if (sign === undefined) return { limit: first }
  const second = Number(rest[0] ?? rest[1])
  return sign === ',' ? { limit: second, offset: first } : { limit: first, offset: second }
}
