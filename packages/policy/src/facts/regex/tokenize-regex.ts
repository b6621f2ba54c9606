import { FactFlaw } from '../fact-flaw.ts'

/** A piece of a regular expression, as far as the cost of matching goes. */
export type RegexToken =
  | { readonly kind: 'atom' | 'start' | 'assertion' | 'open' | 'close' | 'branch' }
  /** What only some engines know, or what no automaton can do; the second opens a bracket as well. */
  | { readonly kind: 'foreign' | 'foreign-open' }
  | { readonly kind: 'quantifier'; readonly min: number; readonly max: number }

type Rule = readonly [pattern: RegExp, token: (...groups: readonly string[]) => RegexToken]

const atom = (): RegexToken => ({ kind: 'atom' })
const assertion = (): RegexToken => ({ kind: 'assertion' })
const foreign = (): RegexToken => ({ kind: 'foreign' })
const open = (): RegexToken => ({ kind: 'open' })
const quantifier = (min: number, max: number): RegexToken => ({ kind: 'quantifier', min, max })

/** In this order; the first that fits is taken. */
const RULES: readonly Rule[] = [
  // Two quantifiers in a row: possessive, nested or an error, as the engine likes.
  [/(?:[*+?]|\{\d*,?\d*\})\??(?=[*+]|\{\d)/y, foreign],
  [/\*\??/y, () => quantifier(0, Infinity)],
  [/\+\??/y, () => quantifier(1, Infinity)],
  [/\?\??/y, () => quantifier(0, 1)],
  [/\{(\d+)\}\??/y, (min = '') => quantifier(Number(min), Number(min))],
  [/\{(\d*),\}\??/y, (min = '') => quantifier(Number(min), Infinity)],
  [/\{(\d*),(\d+)\}\??/y, (min = '', max = '') => quantifier(Number(min), Number(max))],
  [/\^|\\A/y, () => ({ kind: 'start' })],
  [/\$|\\[bBzZ]/y, assertion],
  [/\((?:\?:|\?P?<[A-Za-z_]\w*>|\?[is]+:)?(?!\?)/y, open],
  [/\(\?[is]+\)/y, assertion],
  // Lookaround, atomic groups, conditions, recursion, other flags: an opened bracket all the same.
  [/\(\?/y, () => ({ kind: 'foreign-open' })],
  [/\)/y, () => ({ kind: 'close' })],
  [/\|/y, () => ({ kind: 'branch' })],
  [
    /\\(?:[pPxu]\{[\w=]{1,64}\}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|c[A-Za-z]|[dDwWsSnrtfv0]|[^\w\s])/y,
    atom,
  ],
  [/\\[\s\S]/y, foreign],
  // An empty class, or a `]` in it? And is a `[` in a class another one?
  [
    /\[(?!\^?\])\^?(?:\[:\^?[a-z]{1,8}:\]|\\[\s\S]|[^\]\\[])(?:\[:\^?[a-z]{1,8}:\]|\\[\s\S]|[^\]\\[])*\]/y,
    atom,
  ],
  [/\[/y, foreign],
  [/[^\\]/uy, atom],
]

/**
 * Cuts a regular expression into tokens, without understanding its letters.
 *
 * @throws FactFlaw `fact-regex-malformed`
 */
export function tokenizeRegex(text: string): readonly RegexToken[] {
  const tokens: RegexToken[] = []
  for (let index = 0; index < text.length;) {
    const { token, length } = tokenAt(text, index)
    tokens.push(token)
    index += length
  }
  return tokens
}

function tokenAt(text: string, index: number): { token: RegexToken; length: number } {
  for (const [pattern, token] of RULES) {
    pattern.lastIndex = index
    const [match, ...groups] = pattern.exec(text) ?? []
    if (match !== undefined) return { token: token(...groups), length: match.length }
  }
  throw new FactFlaw('fact-regex-malformed', 'ends in a backslash')
}
