import type { RecordSet } from './record-set.ts'

/** How much may go beside a membership; the newest changes come first. */
export interface AuthorityLimits {
  /** Characters of all together. */
  readonly lengthMax: number
  readonly countMax: number
}

/** Beside a hello: who is far behind fetches the rest once it is admitted. */
const BESIDE_HELLO: AuthorityLimits = { lengthMax: 131_072, countMax: 16 }
/** For a newcomer, who knows nothing and can fetch nothing yet: the whole way from the charter. */
export const BESIDE_JOIN: AuthorityLimits = { lengthMax: 786_432, countMax: 128 }

/** The records that a membership of this issuer rests on and that somebody else may not know yet: its enroller, and the admin changes in force. */
export function authorityRecords(
  set: RecordSet,
  issuer: string,
  { lengthMax, countMax }: AuthorityLimits = BESIDE_HELLO,
): readonly string[] {
  const changes = set.tree.reigns.flatMap(({ endedBy }) =>
    endedBy === undefined ? [] : [endedBy.text],
  )
  const enrollers = (set.tables.enrollers.get(issuer) ?? []).map(({ text }) => text)
  const texts: string[] = []
  let length = 0
  for (const text of [...enrollers, ...changes.toReversed()]) {
    length += text.length
    if (length > lengthMax || texts.length >= countMax) break
    texts.push(text)
  }
  return texts
}
