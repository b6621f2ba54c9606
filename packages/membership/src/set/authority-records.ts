import type { RecordSet } from './record-set.ts'

/** Characters of what goes beside a membership; the newest changes come first. */
const LENGTH_MAX = 131_072
const COUNT_MAX = 16

/** The records that a membership of this issuer rests on and that somebody else may not know yet: its enroller, and the admin changes in force. */
export function authorityRecords(set: RecordSet, issuer: string): readonly string[] {
  const changes = set.tree.reigns.flatMap(({ endedBy }) =>
    endedBy === undefined ? [] : [endedBy.text],
  )
  const enrollers = (set.tables.enrollers.get(issuer) ?? []).map(({ text }) => text)
  const texts: string[] = []
  let length = 0
  for (const text of [...enrollers, ...changes.toReversed()]) {
    length += text.length
    if (length > LENGTH_MAX || texts.length >= COUNT_MAX) break
    texts.push(text)
  }
  return texts
}
