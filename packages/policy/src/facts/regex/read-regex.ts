import { FactFlaw } from '../fact-flaw.ts'
import { requireLength } from '../plain-text.ts'
import { type RegexToken, tokenizeRegex } from './tokenize-regex.ts'

/** What a regular expression may cost; Cedar type `RegexFact`. */
export interface RegexFact {
  readonly ok: true
  readonly length: number
  /** Without back-references, lookaround and syntax of one engine alone: an automaton matches it in linear time. */
  readonly isRegular: boolean
  /** Also an engine that backtracks (JavaScript, Python, Java, PCRE) matches it in linear time, without the flag "m". */
  readonly isLinear: boolean
}

/** A part of the expression that stands in brackets, or the whole. */
interface Group {
  /** The same text can be matched in more than one way: repeating the group multiplies the ways. */
  hasChoice: boolean
  hasBranches: boolean
  /** Something stood before, which a quantifier would repeat. */
  atom: 'none' | 'single' | 'choice'
}

interface Cost {
  isRegular: boolean
  /** Ways to match that do not depend on the length of the subject. */
  ways: number
  /** Repetitions without an end: each multiplies the ways by the length of the subject. */
  endless: number
}

const ATOMS = {
  atom: 'single',
  foreign: 'choice',
  start: 'none',
  assertion: 'none',
  branch: 'none',
} as const
const LENGTH_MAX = 4096
const DEPTH_MAX = 64
const WAYS_MAX = 10_000

/**
 * Judges a regular expression by its form, without running it. A backtracking engine tries at most
 * so many ways: the product over alternatives and counted repetitions, times the length of the
 * subject for every endless repetition, and for every place to start unless the expression begins
 * with `^`. Linear is what has at most one such factor.
 *
 * @throws FactFlaw
 */
export function readRegex(text: string): RegexFact {
  requireLength(text, LENGTH_MAX)
  const tokens = tokenizeRegex(text)
  const cost: Cost = { isRegular: true, ways: 1, endless: 0 }
  const outermost = group()
  const open: Group[] = [outermost]
  for (const token of tokens) take(token, open, cost)
  if (open.length !== 1) throw unbalanced()
  const { isRegular, ways, endless } = cost
  const isAnchored = tokens[0]?.kind === 'start' && !outermost.hasBranches
  const factors = endless === 0 || isAnchored ? endless : endless + 1
  const isLinear = isRegular && ways <= WAYS_MAX && factors <= 1
  return Object.freeze({ ok: true, length: text.length, isRegular, isLinear })
}

function take(token: RegexToken, open: Group[], cost: Cost): void {
  const current = open.at(-1)
  if (current === undefined) throw unbalanced()
  if (token.kind === 'foreign' || token.kind === 'foreign-open') cost.isRegular = false
  if (token.kind === 'open' || token.kind === 'foreign-open') {
    if (open.length >= DEPTH_MAX) {
      throw new FactFlaw('fact-regex-malformed', `nests groups deeper than ${DEPTH_MAX}`)
    }
    open.push(group())
  } else if (token.kind === 'close') {
    open.pop()
    close(current, open.at(-1))
  } else if (token.kind === 'quantifier') {
    repeat(token, current, cost)
  } else {
    if (token.kind === 'branch') branch(current, cost)
    current.atom = ATOMS[token.kind]
  }
}

function branch(current: Group, cost: Cost): void {
  current.hasChoice = true
  current.hasBranches = true
  cost.ways *= 2
}

function close(inner: Group, outer: Group | undefined): void {
  if (outer === undefined) throw unbalanced()
  outer.atom = inner.hasChoice ? 'choice' : 'single'
  outer.hasChoice ||= inner.hasChoice
}

function repeat({ min, max }: { min: number; max: number }, current: Group, cost: Cost): void {
  if (current.atom === 'none') {
    throw new FactFlaw('fact-regex-malformed', 'has a quantifier with nothing before it')
  }
  // Ways within ways: their number grows as a power of how often the group is repeated.
  if (current.atom === 'choice' && max > 1) cost.ways = Infinity
  if (max === Infinity) cost.endless += 1
  // A fixed repetition is one way, but costs as many steps at every place.
  cost.ways *= max === Infinity ? Math.max(min, 1) : Math.max(max, max - min + 1)
  current.hasChoice ||= max !== min
  current.atom = 'none'
}

function group(): Group {
  return { hasChoice: false, hasBranches: false, atom: 'none' }
}

function unbalanced(): FactFlaw {
  return new FactFlaw('fact-regex-malformed', 'has brackets that do not match')
}
