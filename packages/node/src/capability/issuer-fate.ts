import { type Did, scidOf } from '@warren/identity'
import { type RecordSet, standingOf } from '@warren/membership'

/**
 * What becomes of the links that somebody has issued: they can count never again, not before the admins let it in anew,
 * or at any time.
 */
export type IssuerFate = 'gone' | 'revoked' | 'here'

/** @param nowMs - mesh time, milliseconds since 1970; a revocation does not depend on it. */
export function issuerFate(set: RecordSet, did: Did, nowMs: number): IssuerFate {
  if (isGoneForGood(set, did)) return 'gone'
  return standingOf(set, did, nowMs).status === 'revoked' ? 'revoked' : 'here'
}

/**
 * Whether nothing that somebody has signed so far can count again: the admins have revoked it up to every generation
 * that there is of it, so that it comes back with new keys or not at all.
 *
 * Whoever is kept out for a while, or whose membership has run out, comes back with the keys that it has.
 */
export function isGoneForGood(set: RecordSet, did: Did): boolean {
  const scid = scidOf(did)
  const { removals, memberships } = set.tables
  const generations = removals
    .revocations(`member ${scid}`)
    .flatMap(({ targets }) => targets)
    .flatMap((each) => ('did' in each && scidOf(each.did) === scid ? [each.maxGen] : []))
  const revokedGen = Math.max(0, ...generations)
  if (revokedGen === 0) return false
  return (memberships.get(scid) ?? []).every(({ membership }) => membership.gen <= revokedGen)
}
