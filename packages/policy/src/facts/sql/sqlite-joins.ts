import type { SqliteCompiler } from './sqlite-compiler.ts'
import { BUILT_IN } from './sqlite-expansion.ts'
import { lowerCase } from './sqlite-tokens.ts'

/** A parameter such as `?1` may stand before a keyword without a space. */
const UNREPORTED_JOIN = /(?:\b|\d)(?:using|natural)\b/
const WORD = /[\w$\u0080-\uFFFF]+/g
const PLAIN_NAME = /^[\w$\u0080-\uFFFF]+$/

/** What a statement with USING or NATURAL may read, in lower case. */
export interface JoinedNames {
  /** Of the schema: tables and views. */
  readonly declared: readonly string[]
  /** Tables that every database has, and functions whose names begin as theirs. */
  readonly builtIn: readonly string[]
}

/**
 * The names of tables that stand in a statement or in the views behind it, if USING or NATURAL does.
 *
 * The compiler does not report the columns that these two read, nor a table of which nothing else is read. So whatever
 * stands there as the name of a table counts for one, and it is looked for in the text as it is: in a string and in a
 * comment too, since a parameter such as `$a(')` makes a string of what is none. Each view is looked at once.
 */
export function joinedNames(compiler: SqliteCompiler, statement: string): JoinedNames | undefined {
  const views = new Map(compiler.views)
  const unread = [statement]
  const found = new Set<string>()
  const builtIn = new Set<string>()
  let isUnreported = false
  for (let text = unread.pop(); text !== undefined; text = unread.pop()) {
    const lower = lowerCase(text)
    isUnreported ||= UNREPORTED_JOIN.test(lower)
    const isNamed = finderIn(lower)
    for (const name of compiler.tables) if (isNamed(name)) found.add(name)
    for (const [name, sql] of views) {
      if (!isNamed(name)) continue
      found.add(name)
      views.delete(name)
      unread.push(sql)
    }
    for (const [word] of lower.matchAll(WORD)) if (BUILT_IN.test(word)) builtIn.add(word)
  }
  return isUnreported ? { declared: [...found], builtIn: [...builtIn] } : undefined
}

function finderIn(text: string): (name: string) => boolean {
  const words = new Set(text.match(WORD))
  const once = withoutDoubledMarks(text)
  return (name) =>
    PLAIN_NAME.test(name) ? words.has(name) : once.includes(withoutDoubledMarks(name))
}

/** A mark within quotes is written twice. */
function withoutDoubledMarks(text: string): string {
  return text.replaceAll(/(["'`])\1+/g, '$1')
}
