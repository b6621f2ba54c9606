import { FactFlaw } from '../fact-flaw.ts'

/** Something in a command line that is more than a plain word. */
export type ShellFeature =
  | 'pipe'
  | 'redirect'
  | 'sequence'
  | 'substitution'
  | 'expansion'
  | 'syntax'

/** A word with its quotes removed, or an operator. */
export interface ShellToken {
  readonly kind: 'word' | 'separator' | 'redirect'
  readonly text: string
  readonly features: readonly ShellFeature[]
}

/** A piece of the text at the place where reading stands, and what it is. */
type Piece =
  | { readonly kind: 'blank' }
  | { readonly kind: 'operator'; readonly features: readonly ShellFeature[] }
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'special'; readonly feature: ShellFeature }

type Rule = readonly [pattern: RegExp, piece: (match: string) => Piece]

const blank = (): Piece => ({ kind: 'blank' })
const operator =
  (...features: readonly ShellFeature[]) =>
  (): Piece => ({ kind: 'operator', features })
const special = (feature: ShellFeature) => (): Piece => ({ kind: 'special', feature })
const literal = (text: string): Piece => ({ kind: 'literal', text })

/** In this order; the first that fits is taken. What fits none is a quote that is not closed. */
const RULES: readonly Rule[] = [
  [/[ \t]+/y, blank],
  // Outside quotes a shell reads `\` before a line break as nothing at all; no honest line needs it.
  [/\\\n/y, special('syntax')],
  [/\\([^\n])/y, (match) => literal(match.slice(1))],
  [/'([^']*)'/y, (match) => literal(match.slice(1, -1))],
  [/"(?:[^"\\$`!]|\\["\\$`]|\\[^"\\$`\n!])*"/y, (match) => literal(doubleQuoted(match))],
  [/"(?:[^"\\]|\\[\s\S])*"/y, expandedQuotes],
  [/\$\(|`|[<>]\(/y, special('substitution')],
  [/\$/y, special('expansion')],
  [/[*?[~]|\{/y, special('expansion')],
  [/<<<|<<-?|<&|<>|&>>?|>>|>&|>\||<|>/y, operator('redirect')],
  [/\|\||&&/y, operator('sequence')],
  [/\|&?/y, operator('pipe')],
  [/;;?&?|&|\n/y, operator('sequence')],
  [/[()]/y, special('syntax')],
  [/[\]}!^=\w%+,./:@-]+/y, (match) => literal(match)],
  [/#/y, special('syntax')],
  // Letters of other scripts are letters; white space of other scripts is nobody's separator for certain.
  [/[^\p{ASCII}\s]+/uy, (match) => literal(match)],
]

/**
 * Cuts a command line into words and operators.
 *
 * @throws FactFlaw `fact-shell-malformed`
 */
export function tokenizeShell(text: string): readonly ShellToken[] {
  const tokens: ShellToken[] = []
  let word: { text: string; features: ShellFeature[] } | undefined
  const endWord = (): void => {
    if (word !== undefined) tokens.push({ kind: 'word', ...word })
    word = undefined
  }
  for (let index = 0; index < text.length;) {
    const { piece, length } = pieceAt(text, index)
    index += length
    if (piece.kind === 'blank' || piece.kind === 'operator') endWord()
    if (piece.kind === 'operator') tokens.push(operatorToken(piece.features))
    if (piece.kind === 'literal' || piece.kind === 'special') {
      word ??= { text: '', features: [] }
      if (piece.kind === 'special') word.features.push(piece.feature)
      else word.text += piece.text
    }
  }
  endWord()
  return tokens
}

function pieceAt(text: string, index: number): { piece: Piece; length: number } {
  for (const [pattern, piece] of RULES) {
    pattern.lastIndex = index
    const [match] = pattern.exec(text) ?? []
    if (match !== undefined) return { piece: piece(match), length: match.length }
  }
  throw new FactFlaw('fact-shell-malformed', 'holds a quote that is not closed, or odd white space')
}

function operatorToken(features: readonly ShellFeature[]): ShellToken {
  const kind = features.includes('redirect') ? 'redirect' : 'separator'
  return { kind, text: '', features }
}

/** XCU 2.2.3: a backslash is itself, but before `"`, `\`, `$` and a back-quote. */
function doubleQuoted(match: string): string {
  return match.slice(1, -1).replaceAll(/\\(["\\$`])/g, '$1')
}

function expandedQuotes(match: string): Piece {
  return { kind: 'special', feature: /`|\$\(/.test(match) ? 'substitution' : 'expansion' }
}
