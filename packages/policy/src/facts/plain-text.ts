import { FactFlaw } from './fact-flaw.ts'

/**
 * Characters that no reader sees or that different readers see differently: controls, formats
 * (zero-width, direction, tags), line separators, private use, and what Unicode says to ignore.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Default_Ignorable_Code_Point}]/u

/**
 * Requires well-formed text of bounded length in which every character can be seen.
 *
 * @throws FactFlaw `fact-too-long`, `fact-characters`
 */
export function requirePlainText(text: string, lengthMax: number): void {
  requireLength(text, lengthMax)
  if (hasInvisible(text)) {
    throw new FactFlaw('fact-characters', 'holds a control character or an invisible one')
  }
}

/** Says whether a text holds a control character, or another that cannot be seen. */
export function hasInvisible(text: string): boolean {
  return INVISIBLE.test(text)
}

/**
 * Requires well-formed text of bounded length.
 *
 * @throws FactFlaw `fact-too-long`, `fact-characters`
 */
export function requireLength(text: string, lengthMax: number): void {
  if (text.length > lengthMax) {
    throw new FactFlaw('fact-too-long', `has more than ${lengthMax} characters`)
  }
  if (!text.isWellFormed()) throw new FactFlaw('fact-characters', 'is not well-formed Unicode')
}
