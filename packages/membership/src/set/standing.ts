import { type Did, scidOf } from '@warren/identity'
import type { Membership } from '../membership.ts'
import type { MembershipRecord, RevocationRecord } from '../records/mesh-record.ts'
import { formerKeys } from './former-keys.ts'
import { revocationsOfEnroller } from './is-enrolled.ts'
import { isGranted } from './is-granted.ts'
import { rankedMemberships } from './newest-membership.ts'
import { quarantineOf } from './quarantines.ts'
import type { RecordSet } from './record-set.ts'
import { revocationsOfKeys } from './removals.ts'
import { type FreshnessView, inView, type KnownStanding } from './stale-standing.ts'

/** How somebody stands, with the records that it rests on. */
export type Standing =
  | {
      readonly status: 'member'
      readonly membership: Membership
      readonly records: readonly string[]
    }
  | {
      readonly status: 'quarantined'
      readonly membership: Membership
      readonly untilMs: number
      readonly reason: string
      readonly records: readonly string[]
    }
  | { readonly status: 'revoked'; readonly reason: string; readonly records: readonly string[] }
  | {
      readonly status: 'unknown'
      readonly why: 'no-membership' | 'expired' | 'not-yet-valid' | 'not-granted'
      readonly records: readonly string[]
    }

export type StandingStatus = Standing['status']

/** A time in mesh time, and how fresh what is known then is. */
export interface StandingMoment {
  readonly nowMs: number
  readonly freshness: FreshnessView
}

/**
 * What a set says of a DID at a time in mesh time; or, with the freshness of what is known then, whether that may be relied on.
 *
 * Remove wins: a revocation beats every membership up to its generation, whenever either was made and
 * whichever came first.
 */
export function standingOf(set: RecordSet, did: Did, nowMs: number): Standing
export function standingOf(set: RecordSet, did: Did, moment: StandingMoment): KnownStanding
export function standingOf(set: RecordSet, did: Did, at: number | StandingMoment): KnownStanding {
  if (typeof at === 'number') return standingBySet(set, did, at)
  return inView(standingBySet(set, did, at.nowMs), at.freshness)
}

function standingBySet(set: RecordSet, did: Did, nowMs: number): Standing {
  const scid = scidOf(did)
  const ranked = rankedMemberships(set, scid)
  const valid = ranked.find((record) => judgeMembership(set, record, nowMs).verdict === 'valid')
  if (valid === undefined) {
    const judged = ranked.map((record) => ({
      record,
      judgement: judgeMembership(set, record, nowMs),
    }))
    return withoutMembership(set, scid, judged)
  }
  const { membership, id } = valid
  const quarantine = quarantineOf(set, scid, nowMs)
  if (quarantine === undefined) return { status: 'member', membership, records: [id] }
  const { notAfterMs: untilMs, reason } = quarantine
  return { status: 'quarantined', membership, untilMs, reason, records: [id, quarantine.id] }
}

function withoutMembership(
  set: RecordSet,
  scid: string,
  judged: readonly JudgedMembership[],
): Standing {
  const [newest] = judged
  const hasCounted = newest !== undefined && isGranted(set, newest.record)
  for (const { record, judgement } of judged) {
    if (judgement.verdict !== 'revoked') continue
    // Whom others had let in is not revoked because an enroller is that signed for it besides.
    if (hasCounted && revocationOf(set, record.membership) === undefined) continue
    const { reason, id } = judgement.revocation
    return { status: 'revoked', reason, records: [record.id, id] }
  }
  const [revocation] = set.tables.removals.revocations(`member ${scid}`)
  if (revocation !== undefined) {
    return { status: 'revoked', reason: revocation.reason, records: [revocation.id] }
  }
  if (newest === undefined) return { status: 'unknown', why: 'no-membership', records: [] }
  const { verdict } = newest.judgement
  const why = verdict === 'expired' || verdict === 'not-yet-valid' ? verdict : 'not-granted'
  return { status: 'unknown', why, records: [newest.record.id] }
}

interface JudgedMembership {
  readonly record: MembershipRecord
  readonly judgement: Judgement
}

/** What one membership is worth. */
export type Judgement =
  | { readonly verdict: 'revoked'; readonly revocation: RevocationRecord }
  | { readonly verdict: 'valid' | 'expired' | 'not-yet-valid' | 'not-granted' }

/** What one membership is worth now. */
export function judgeMembership(
  set: RecordSet,
  record: MembershipRecord,
  nowMs: number,
): Judgement {
  const { membership } = record
  const revocation = revocationOf(set, membership)
  if (revocation !== undefined) return { verdict: 'revoked', revocation }
  if (!isGranted(set, record) || !isReturnGranted(set, membership)) {
    const [ofEnroller] = (set.tables.enrollers.get(membership.issuer) ?? []).flatMap((each) =>
      revocationsOfEnroller(set, each),
    )
    if (ofEnroller !== undefined) return { verdict: 'revoked', revocation: ofEnroller }
    return { verdict: 'not-granted' }
  }
  const { skewMs } = set.charter.freshness
  if (nowMs < membership.notBeforeMs - skewMs) return { verdict: 'not-yet-valid' }
  if (nowMs >= membership.notAfterMs + skewMs) return { verdict: 'expired' }
  return { verdict: 'valid' }
}

/** The revocation that a membership falls under. */
export function revocationOf(set: RecordSet, membership: Membership): RevocationRecord | undefined {
  const { removals } = set.tables
  const { scid, gen, keys, uuid } = membership
  const byDid = removals
    .revocations(`member ${scid}`)
    .find(({ targets }) =>
      targets.some(
        (target) => 'did' in target && scidOf(target.did) === scid && gen <= target.maxGen,
      ),
    )
  if (byDid !== undefined) return byDid
  return revocationsOfKeys(set, keys)[0] ?? removals.revocations(`credential ${uuid}`)[0]
}

/** A later generation needs the admins' word that the DID may come back, with these keys, none of which it had before. */
function isReturnGranted(set: RecordSet, membership: Membership): boolean {
  const { did, scid, gen, keys } = membership
  if (gen === 1) return true
  const former = formerKeys(set, did, gen - 1)
  if (keys.length === 0 || keys.some((key) => former.has(key))) return false
  return (set.tables.readmissions.get(scid) ?? []).some(
    (readmission) =>
      readmission.gen === gen &&
      keys.every((key) => readmission.keys.includes(key)) &&
      set.get(readmission.ref)?.type === 'revocation' &&
      isGranted(set, readmission),
  )
}
