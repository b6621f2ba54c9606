import { SqlFactError } from './sql-fact-error.ts'

/** What programs that split SQL take for a quotation or a comment. They agree on no more than the first few. */
interface Habits {
  /** A backslash takes the meaning of a quote away. */
  readonly backslash: boolean
  /** A comment may hold comments. */
  readonly nested: boolean
  /** `$tag$ … $tag$` is a string. */
  readonly dollar: boolean
  /** `[ … ]` and back-quotes hold a name. */
  readonly brackets: boolean
  /** A carriage return ends a line. */
  readonly carriage: boolean
}

const NAMES = ['backslash', 'nested', 'dollar', 'brackets', 'carriage'] as const
const ALL_HABITS: readonly Habits[] = Array.from({ length: 2 ** NAMES.length }, (_, bits) => {
  const [backslash = false, nested = false, dollar = false, brackets = false, carriage = false] =
    NAMES.map((_name, index) => (bits & (2 ** index)) !== 0)
  return { backslash, nested, dollar, brackets, carriage }
})

/**
 * Refuses one statement in which a program between the node and the database may see several: many servers split a text
 * at its semicolons before they run it, and none does so as the database would.
 *
 * @throws SqlFactError `fact-sql-statements`
 */
export function checkSqlEnds(text: string): void {
  if (!/;[\s;]*[^\s;]/.test(text)) return
  for (const habits of ALL_HABITS) {
    if (isSplit(text, habits)) {
      throw new SqlFactError(
        'fact-sql-statements',
        'a server may take the statement for several; write it without this semicolon',
      )
    }
  }
}

/** Says whether something other than spaces and comments stands behind a semicolon. */
function isSplit(text: string, habits: Habits): boolean {
  const token = tokenOf(habits)
  let hasEnded = false
  for (token.lastIndex = 0; token.lastIndex < text.length;) {
    const start = token.lastIndex
    const [found = ''] = token.exec(text) ?? []
    const isComment = found.startsWith('--') || found.startsWith('/*')
    if (hasEnded && !isComment && !/^[\s;]/.test(found)) return true
    hasEnded ||= found === ';'
    const end = found.startsWith('/*') ? endOfComment(text, start, habits) : start + found.length
    token.lastIndex = end
  }
  return false
}

function tokenOf({ backslash, dollar, brackets, carriage }: Habits): RegExp {
  const parts = [
    ...(backslash
      ? [String.raw`'(?:[^'\\]|\\[^])*'?`, String.raw`"(?:[^"\\]|\\[^])*"?`]
      : [`'[^']*'?`, `"[^"]*"?`]),
    carriage ? String.raw`--[^\r\n]*` : String.raw`--[^\n]*`,
    String.raw`/\*`,
    ...(dollar ? [String.raw`(?<tag>\$[^\s$'";]*\$)[^]*?(?:\k<tag>|$)`] : []),
    ...(brackets ? ['`[^`]*`?', String.raw`\[[^\]]*\]?`] : []),
    // Whatever begins nothing, in one piece.
    String.raw`\s+`,
    String.raw`[^'"$;/\[\s\x60-]+`,
    '[^]',
  ]
  return new RegExp(parts.join('|'), 'y')
}

/** Where the comment ends that begins at a place, or the text. */
function endOfComment(text: string, start: number, { nested }: Habits): number {
  const mark = nested ? /\/\*|\*\//g : /\*\//g
  mark.lastIndex = start + 2
  for (let depth = 1; ;) {
    const found = mark.exec(text)
    if (found === null) return text.length
    depth += found[0] === '/*' ? 1 : -1
    if (depth === 0) return mark.lastIndex
  }
}
