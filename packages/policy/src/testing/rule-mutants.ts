import { type PolicySource, readRules } from '../policy-source.ts'

/** One rule of a file, as far as tests of policies name it. */
export interface NamedRule {
  readonly id: string
  readonly file: string
  readonly effect: 'permit' | 'forbid'
}

/** A file in which one rule says something else. */
export interface Mutant {
  readonly rule: string
  readonly change: 'dropped' | 'negated'
  readonly source: PolicySource
}

/**
 * The rules of a file, in their order.
 *
 * @throws PolicyError
 */
export function namedRules(source: PolicySource): readonly NamedRule[] {
  return readRules(source).map(({ id, file, json }) => ({ id, file, effect: json.effect }))
}

/**
 * Every way to drop one rule of a file, and to turn one of its conditions into the opposite: a case has to notice each.
 *
 * @throws PolicyError
 */
export function mutantsOf(source: PolicySource): readonly Mutant[] {
  const rules = readRules(source)
  const texts = rules.map(({ text }) => text)
  return rules.flatMap(({ id, text }, index) => {
    const mutant = (change: Mutant['change'], other: string): Mutant => ({
      rule: id,
      change,
      source: { name: source.name, text: texts.with(index, other).join('\n\n') },
    })
    const mutants = [mutant('dropped', '')]
    for (const { at, word } of conditionWords(text)) {
      const opposite = word === 'when' ? 'unless' : 'when'
      const other = text.slice(0, at) + opposite + text.slice(at + word.length)
      mutants.push(mutant('negated', other))
    }
    return mutants
  })
}

/** A text in quotes, the rest of a line behind `//`, a bracket, or a word. */
const TOKEN = /"(?:[^"\\]|\\.)*"|\/\/[^\n]*|[(){}[\]]|[A-Za-z_]\w*/g

/** Where the conditions of a rule begin: `when` and `unless` inside brackets are names. */
function conditionWords(text: string): readonly { readonly at: number; readonly word: string }[] {
  const found: { at: number; word: string }[] = []
  let depth = 0
  for (const { 0: token, index: at } of text.matchAll(TOKEN)) {
    if ('([{'.includes(token)) depth += 1
    else if (')]}'.includes(token)) depth -= 1
    else if (depth === 0 && (token === 'when' || token === 'unless'))
      found.push({ at, word: token })
  }
  return found
}
