import type { Did } from '@warren/identity'
import {
  MembershipError,
  membershipRefusal,
  type RecordSet,
  waitsForOthers,
} from '@warren/membership'

/** What somebody shows to be admitted by, beside what is known here. */
export interface ShownRecords {
  /** Whose membership is shown. */
  readonly did: Did
  /** What is known here with all that is shown; nothing is taken up by it. */
  readonly set: RecordSet
  readonly texts: readonly string[]
}

/**
 * Reads the membership that somebody shows, and the records beside it, by what is known here.
 *
 * A record that rests on something unknown is left out: somebody may be a member without it, and records bring it later.
 *
 * @throws MembershipError for the first that nothing can mend
 */
export function readShown(
  known: RecordSet,
  membership: string,
  supporting: readonly string[],
): ShownRecords {
  const beside = known.accept(supporting, { isStrict: true })
  for (const { error } of beside.refused) if (!waitsForOthers(error)) throw error
  const { set, added, known: there, refused } = beside.set.accept([membership])
  for (const { error } of refused) throw membershipRefusal(error)
  const [record] = [...added, ...there]
  if (record?.type !== 'membership') {
    throw new MembershipError('membership-malformed', 'what is shown is no membership')
  }
  return { did: record.membership.did, set, texts: [...supporting, membership] }
}
