import { findAssignedValues } from './assigned-values.ts'
import { findPrivateKeys } from './private-keys.ts'
import { SECRET_RULES, type SecretRule } from './secret-rules.ts'

/** A stretch of text that is a secret, by UTF-16 code units. */
export interface SecretRange {
  readonly start: number
  /** The first unit behind. */
  readonly end: number
  /** The kind of secret. */
  readonly rule: string
}

/** No rule fits less. */
const LENGTH_MIN = 8

/**
 * The secrets in a text, in order, none over another; takes time in proportion to the length of the text.
 *
 * Rules know published forms and telling surroundings. A password in the middle of a sentence they do not see: what must
 * not be kept is to be named in the configuration, or not to be kept at all.
 */
export function findSecrets(text: string): readonly SecretRange[] {
  if (text.length < LENGTH_MIN) return []
  return joined([
    ...findPrivateKeys(text),
    ...SECRET_RULES.flatMap((rule) => matches(text, rule)),
    ...findAssignedValues(text),
  ])
}

function matches(text: string, { name, pattern }: SecretRule): readonly SecretRange[] {
  return Array.from(text.matchAll(pattern), (match) => {
    const [whole] = match
    const secret = match.groups?.['secret'] ?? whole
    const start = match.index + whole.lastIndexOf(secret)
    return { start, end: start + secret.length, rule: name }
  })
}

/** Ranges that overlap become one, by the name of whichever starts first, or else is longer. */
function joined(ranges: readonly SecretRange[]): readonly SecretRange[] {
  const result: SecretRange[] = []
  for (const range of ranges.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = result.at(-1)
    if (last === undefined || range.start >= last.end) result.push(range)
    else if (range.end > last.end) result[result.length - 1] = { ...last, end: range.end }
  }
  return result
}
