/** What is not closed ends with the text, so that no part of it is read twice. */
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$)|[\w$\u0080-\uFFFF]+|\S/g

const SUBQUERY: ReadonlySet<string> = new Set(['select', 'values', 'with'])

/** Words in lower case, signs, and what is quoted with its mark in front: `'` of a string, `"` of a name. */
export type SqliteTokens = readonly string[]

/** The words and signs of a text for SQLite, without its comments. */
export function sqliteTokens(text: string): SqliteTokens {
  return [...text.matchAll(TOKEN)]
    .map(([token]) => lowerCase(token))
    .filter((token) => !token.startsWith('--') && !token.startsWith('/*'))
    .map(marked)
}

/** What a token names, whether it is quoted or not. */
export function nameIn(token: string): string {
  return /^['"]./s.test(token) ? token.slice(1) : token
}

/** SQLite tells names apart by the case of letters beyond ASCII only. */
export function lowerCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/** Says whether a bracket is opened at a place, and a query behind it. */
export function beginsSubquery(tokens: SqliteTokens, open: number): boolean {
  return tokens[open] === '(' && SUBQUERY.has(tokens[open + 1] ?? '')
}

/** Where the bracket is closed that is opened at a place, or the end. */
export function closingBracket(tokens: SqliteTokens, open: number): number {
  let depth = 0
  for (let index = open; index < tokens.length; index += 1) {
    if (tokens[index] === '(') depth += 1
    if (tokens[index] === ')') depth -= 1
    if (depth === 0) return index
  }
  return tokens.length
}

/** Names keep no sign and no keyword that is written in quotes from being told from one that is not. */
function marked(token: string): string {
  const [mark = ''] = token
  if (token.length < 2) return token
  if (mark === '[') return `"${token.slice(1, -1)}`
  if (!'\'"`'.includes(mark)) return token
  return `${mark === "'" ? "'" : '"'}${token.slice(1, -1).replaceAll(mark + mark, mark)}`
}
