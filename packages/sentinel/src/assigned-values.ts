import type { SecretRange } from './find-secrets.ts'
import { isSecretName, isSecretUnquoted } from './secret-names.ts'

const RULE = 'assignment'
/** What is shorter is nobody's secret, and may be a sign that a sentence is about: `unexpected token: ')'`. */
const VALUE_LENGTH_MIN = 4
/** No secret name is shorter. */
const NAME_LENGTH_MIN = 3
/** The end of a name is what counts. */
const NAME_LENGTH_MAX = 64
/** What stands for a secret already. */
const REPLACED = '[secret:'
/** Without quotation marks: `&` ends a value where a next name follows, as in an address. */
const UNQUOTED = /(?:[^\s"',;&]|&(?![\w.-]{0,64}=|[\s"',;&]|$))+/y
/** In JSON a number ends before a bracket, and a flag, or nothing at all, gives no secret away. */
const JSON_NUMBER = /-?\d[\d.eE+-]*(?=[\s,}\]\\]|$)/y
const JSON_LITERAL = /(?:true|false|null)(?=[\s,}\]\\]|$)/y

interface Name {
  readonly text: string
  readonly isQuoted: boolean
  /** Backslashes before its quotation marks: as many as the JSON strings make that it stands in. */
  readonly escapes: number
}

/**
 * What follows a secret name and a colon or an equals sign, in whatever quotation marks and under however many escapes.
 *
 * A value in quotation marks goes on to the closing one, or where there is none to the end of its line; a list or an object
 * behind a name in quotation marks to its closing bracket, or to the end of the text. The search goes on behind what was
 * found, and walks back no further than one name and the spaces behind it: no place is walked more often than a few times.
 */
export function findAssignedValues(text: string): readonly SecretRange[] {
  const ranges: SecretRange[] = []
  let behind = 0
  for (const { index } of text.matchAll(/[:=]/g)) {
    if (index < behind) continue
    const name = nameBefore(text, index)
    if (name.text.length < NAME_LENGTH_MIN || !isSecretName(name.text)) continue
    const range = valueBehind(text, index + 1, name)
    if (range === undefined || range.end - range.start < VALUE_LENGTH_MIN) continue
    ranges.push({ ...range, rule: RULE })
    behind = range.end
  }
  return ranges
}

function nameBefore(text: string, at: number): Name {
  let end = at
  while (end > 0 && /[\t ]/.test(text.charAt(end - 1))) end -= 1
  const isQuoted = /["']/.test(text.charAt(end - 1))
  if (isQuoted) end -= 1
  const quoteAt = end
  if (isQuoted) while (text.charAt(end - 1) === '\\') end -= 1
  const inName = isQuoted ? /[\w. -]/ : /[\w.-]/
  let start = end
  while (end - start < NAME_LENGTH_MAX && inName.test(text.charAt(start - 1))) start -= 1
  const isReplaced = text.startsWith(REPLACED, start - 1)
  return { text: isReplaced ? '' : text.slice(start, end), isQuoted, escapes: quoteAt - end }
}

function valueBehind(
  text: string,
  from: number,
  name: Name,
): Omit<SecretRange, 'rule'> | undefined {
  // `=>`, `==` and `:=` are said in some languages.
  let at = /[=>]/.test(text.charAt(from)) ? from + 1 : from
  const isSpace = name.isQuoted ? /\s/ : /[\t ]/
  while (isSpace.test(text.charAt(at))) at += 1
  const first = skipEscapes(text, at)
  const quote = text.charAt(first)
  if (/["']/.test(quote)) {
    const start = first + 1
    if (text.startsWith(REPLACED, start)) return undefined
    return { start, end: endOfQuoted(text, start, { quote, escapes: first - at }) }
  }
  if (text.startsWith(REPLACED, at)) return undefined
  if (name.isQuoted && /[[{]/.test(text.charAt(at))) {
    return { start: at, end: endOfBrackets(text, at, name.escapes) }
  }
  if (!name.isQuoted && !isSecretUnquoted(name.text)) return undefined
  return { start: at, end: endOfUnquoted(text, at, name) }
}

function skipEscapes(text: string, from: number): number {
  let at = from
  while (text.charAt(at) === '\\') at += 1
  return at
}

/**
 * Where the closing quotation mark begins, its backslashes included. Each JSON string in another doubles the backslashes and
 * adds one: behind an opening mark with n of them, 2(n + 1) are one of the value, and n more make the closing mark.
 */
function endOfQuoted(
  text: string,
  start: number,
  { quote, escapes }: { readonly quote: string; readonly escapes: number },
): number {
  let run = 0
  for (let at = start; at < text.length; at += 1) {
    const unit = text.charAt(at)
    if (unit === '\n' || unit === '\r') return at
    if (unit === quote && run % (2 * (escapes + 1)) === escapes) return at - escapes
    run = unit === '\\' ? run + 1 : 0
  }
  return text.length
}

function endOfBrackets(text: string, start: number, escapes: number): number {
  let depth = 0
  for (let at = start; at < text.length; at += 1) {
    const unit = text.charAt(at)
    if (/["']/.test(unit)) at = endOfQuoted(text, at + 1, { quote: unit, escapes }) + escapes
    else if (unit === '[' || unit === '{') depth += 1
    else if (unit === ']' || unit === '}') depth -= 1
    if (depth === 0) return at + 1
  }
  return text.length
}

function endOfUnquoted(text: string, at: number, { isQuoted }: Name): number {
  if (isQuoted && lengthOf(JSON_LITERAL, text, at) > 0) return at
  const number = isQuoted ? lengthOf(JSON_NUMBER, text, at) : 0
  if (number > 0) return at + number
  let end = at + lengthOf(UNQUOTED, text, at)
  if (/["']/.test(text.charAt(end))) while (text.charAt(end - 1) === '\\') end -= 1
  return Math.max(at, end)
}

/** Of what a sticky pattern matches there; 0 where it does not. */
function lengthOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0].length ?? 0
}
