import { PolicyError } from './policy-error.ts'

/*
 * A policy that is nested too deep overflows the engine's own stack, and the engine never recovers:
 * from then on every decision of the process fails. So the text is measured before the engine sees
 * it. Measured with cedar-wasm 4.13: about 100 levels of brackets alone, 350 chained operators alone
 * or 2,500 joined terms alone are too many, and the three add up. At twice the limits below, all
 * three at once, the engine still works.
 */
const POLICY_LENGTH_MAX = 10_000
const BRACKET_DEPTH_MAX = 16
const CHAIN_MAX = 96
const TERMS_MAX = 64

const STRINGS_AND_COMMENTS = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"|\/\/[^\n]*/g
const CHAINING = /[.+\-*[]|\bif\b/g
const JOINING = /&&|\|\|/g

/**
 * Refuses a text in which one policy is too long or too deep for the engine.
 *
 * @throws PolicyError `policy-too-complex`
 */
export function checkComplexity(file: string, text: string): void {
  const code = text.replaceAll(STRINGS_AND_COMMENTS, (match) =>
    match.startsWith('"') ? `"${lineBreaks(match)}${' '.repeat(match.length)}"` : '',
  )
  let line = 1
  for (const policy of code.split(';')) {
    const flaw = flawOfPolicy(policy)
    if (flaw !== undefined) {
      const start = line + lineBreaks(/^\s*/.exec(policy)?.[0] ?? '').length
      throw new PolicyError('policy-too-complex', flaw, { file, line: start })
    }
    line += lineBreaks(policy).length
  }
}

function flawOfPolicy(policy: string): string | undefined {
  if (policy.length > POLICY_LENGTH_MAX) {
    return `a policy has at most ${POLICY_LENGTH_MAX} characters; split it into several`
  }
  if (bracketDepth(policy) > BRACKET_DEPTH_MAX) {
    return `brackets are nested at most ${BRACKET_DEPTH_MAX} deep; split the policy`
  }
  if (count(policy, CHAINING) > CHAIN_MAX) {
    return `a policy uses at most ${CHAIN_MAX} of . [ + - * and if; split it into several`
  }
  if (count(policy, JOINING) > TERMS_MAX) {
    return `a policy joins at most ${TERMS_MAX} conditions; use a set and contains()`
  }
  return undefined
}

function bracketDepth(code: string): number {
  let depth = 0
  let deepest = 0
  for (const character of code) {
    if ('([{'.includes(character)) depth += 1
    if (')]}'.includes(character)) depth -= 1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

function count(code: string, pattern: RegExp): number {
  return code.match(pattern)?.length ?? 0
}

function lineBreaks(text: string): string {
  return text.replaceAll(/[^\n]/g, '')
}
