import { SqlFactError } from './sql-fact-error.ts'

const LENGTH_MAX = 100_000

/**
 * How many words and signs each parser is given.
 *
 * Measured with libpg-query 18.1.5 and SQLite 3.53 on some 35 ways to nest and to chain: so many take less than a third
 * of 50 ms at worst, and twice as many do not reach the end of the stack.
 */
export const SQL_WORDS_MAX = { postgres: 4000, sqlite: 2000 } as const

/** At least one for each token of either dialect: all of a word, or one character that is no space. */
const WORD = /\w+|[^\w\s]/g
/** Control characters other than those that are spaces to both dialects. */
// oxlint-disable-next-line no-control-regex -- these are the characters that are refused
const CONTROL = /[\u0000-\u0008\u000B\u000E-\u001F\u007F]/

/**
 * Refuses, before any parser sees it, what could keep a parser busy or be two texts to two readers.
 *
 * @throws SqlFactError `fact-sql-not-text`, `fact-sql-too-long` or `fact-sql-too-complex`
 */
export function checkSqlText(text: unknown, wordsMax: number): string {
  if (typeof text !== 'string') {
    throw new SqlFactError('fact-sql-not-text', 'a statement is a text')
  }
  if (text.length > LENGTH_MAX) {
    throw new SqlFactError('fact-sql-too-long', `a statement has at most ${LENGTH_MAX} characters`)
  }
  if (!text.isWellFormed() || CONTROL.test(text)) {
    throw new SqlFactError(
      'fact-sql-not-text',
      'a statement has no control characters and no halves of characters',
    )
  }
  if (wordsExceed(text, wordsMax)) {
    throw new SqlFactError(
      'fact-sql-too-complex',
      `a statement has at most ${wordsMax} words and signs`,
    )
  }
  return text
}

function wordsExceed(text: string, max: number): boolean {
  // Each has a character at least.
  if (text.length <= max) return false
  const word = new RegExp(WORD)
  for (let words = 0; words <= max; words += 1) if (!word.test(text)) return false
  return true
}
