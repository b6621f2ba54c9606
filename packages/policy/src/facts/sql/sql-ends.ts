import { SqlFactError } from './sql-fact-error.ts'

/** In what programs that split SQL differ, and only where a text has the mark. The first way is the plainest one. */
interface Habit {
  readonly mark: RegExp
  /** What each takes for one piece, as regular expressions. */
  readonly ways: readonly (readonly string[])[]
}

/** `/*` is found here, and where it ends by hand, since comments may hold comments. */
const COMMENT = String.raw`/\*`
const LINE = String.raw`--[^\n]*`
const ANY_TAG = String.raw`(?<tag>\$[^ \t\n\v\f\r$'";]*\$)[^]*?(?:\k<tag>|$)`

const HABITS: readonly Habit[] = [
  {
    // A backslash takes the meaning of a quote away.
    mark: /\\/,
    ways: [
      [`'[^']*'?`, `"[^"]*"?`],
      [String.raw`'(?:[^'\\]|\\[^])*'?`, String.raw`"(?:[^"\\]|\\[^])*"?`],
    ],
  },
  {
    // A comment ends at a carriage return.
    mark: /\r/,
    ways: [[LINE], [String.raw`--[^\r\n]*`]],
  },
  {
    // `--` begins no comment when no space follows.
    mark: /--[!-~\u{80}-\u{10FFFF}]/u,
    ways: [[], [String.raw`-(?=-[!-~\u{80}-\u{10FFFF}])`]],
  },
  {
    // Strings in dollars: none, by simple tags, by any, or only where no name goes on.
    mark: /\$/,
    ways: [
      [],
      [String.raw`(?<tag>\$(?:[a-zA-Z_]\w*)?\$)[^]*?(?:\k<tag>|$)`],
      [ANY_TAG],
      [String.raw`[\p{L}_][\p{L}\p{N}_$]*`, ANY_TAG],
    ],
  },
  // What stands in such a comment is run.
  { mark: /\/\*M?!/, ways: [[], [String.raw`/\*M?!`]] },
  { mark: /\[/, ways: [[], [String.raw`\[[^\]]*\]?`]] },
  { mark: /`/, ways: [[], ['`[^`]*`?']] },
  { mark: /#/, ways: [[], [String.raw`#[^\n]*`]] },
]
/** A comment may hold comments. */
const NESTING = /\/\*[^]*\/\*/
const READERS_MAX = 32

/**
 * Refuses one statement in which a program between the node and the database may see several: many servers split a text
 * at its semicolons before they run it, and none does so as the database would.
 *
 * @throws SqlFactError `fact-sql-statements`
 */
export function checkSqlEnds(text: string): void {
  if (!/;[ \t\n\v\f\r;]*[^ \t\n\v\f\r;]/.test(text)) return
  const readers = readersOf(text)
  const nestings = NESTING.test(text) ? [false, true] : [false]
  const isSafe =
    readers.length * nestings.length <= READERS_MAX &&
    nestings.every((nests) => readers.every((token) => !isSplit(text, token, nests)))
  if (isSafe) return
  throw new SqlFactError(
    'fact-sql-statements',
    'a server may take the statement for several; write it without this semicolon',
  )
}

/** Every combination of ways to read what stands in the text. */
function readersOf(text: string): readonly RegExp[] {
  let combined: readonly (readonly string[])[] = [[]]
  for (const { mark, ways } of HABITS) {
    const possible = mark.test(text) ? ways : ways.slice(0, 1)
    // Of two that would both match, that of the later habit is the more special one.
    combined = combined.flatMap((parts) => possible.map((way) => way.concat(parts)))
  }
  // What begins nothing is taken in one piece.
  const rest = [
    COMMENT,
    String.raw`[ \t\n\v\f\r]+`,
    String.raw`[^'"$;/\[ \t\n\v\f\r\x60#-]+`,
    '[^]',
  ]
  return combined.map((parts) => new RegExp([...parts, ...rest].join('|'), 'uy'))
}

/** Says whether something other than spaces and comments stands behind a semicolon. */
function isSplit(text: string, token: RegExp, nests: boolean): boolean {
  let hasEnded = false
  for (token.lastIndex = 0; token.lastIndex < text.length;) {
    const start = token.lastIndex
    const [found = ''] = token.exec(text) ?? []
    if (hasEnded && !/^(?:[ \t\n\v\f\r;]|--|\/\*)/.test(found)) return true
    hasEnded ||= found === ';'
    token.lastIndex = found === '/*' ? endOfComment(text, start, nests) : start + found.length
  }
  return false
}

/** Where the comment ends that begins at a place, or the text. */
function endOfComment(text: string, start: number, nests: boolean): number {
  const mark = nests ? /\/\*|\*\//g : /\*\//g
  mark.lastIndex = start + 2
  for (let depth = 1; ;) {
    const found = mark.exec(text)
    if (found === null) return text.length
    depth += found[0] === '/*' ? 1 : -1
    if (depth === 0) return mark.lastIndex
  }
}
