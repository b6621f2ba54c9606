import { type Did, isDid } from '@warren/identity'
import type { MembershipRecord } from '../records/mesh-record.ts'
import { newestMembership } from './newest-membership.ts'
import type { RecordSet } from './record-set.ts'
import { type Standing, standingOf, type StandingStatus } from './standing.ts'

/** How one DID stands that is or was a member. */
export interface MemberSummary {
  readonly did: Did
  readonly name: string | undefined
  /** The highest generation of its memberships. */
  readonly gen: number
  readonly enclave: string
  readonly roles: readonly string[]
  readonly status: StandingStatus
  /** What a person should know besides: a reason, or why it is no member. */
  readonly why: string | undefined
  /** When its membership ends, or its quarantine. */
  readonly untilMs: number
  /** The DID that admitted it, where that was not the admins themselves. */
  readonly enroller: Did | undefined
  /** The newest revocation of the DID: what a readmission answers. */
  readonly revocation: string | undefined
}

/** Everybody who is or was a member, by name and then by DID. */
export function memberList(set: RecordSet, nowMs: number): readonly MemberSummary[] {
  return [...set.tables.memberships.values()]
    .flatMap((records) => summary(set, records, nowMs) ?? [])
    .toSorted(byName)
}

function summary(
  set: RecordSet,
  records: readonly MembershipRecord[],
  nowMs: number,
): MemberSummary | undefined {
  const [first] = records
  if (first === undefined) return undefined
  const { did, scid } = first.membership
  const standing = standingOf(set, did, nowMs)
  // What a person acts by is what counts, and not what somebody signed who may not.
  const known = 'membership' in standing ? standing : (newestMembership(set, did) ?? first)
  const { name, enclave, roles, issuer, notAfterMs } = known.membership
  const revocations = set.tables.removals.revocations(`member ${scid}`)
  return {
    did,
    name,
    gen: records.reduce((highest, { membership: { gen } }) => Math.max(highest, gen), 1),
    enclave,
    roles,
    status: standing.status,
    why: whyOf(standing, set.tables.auditForks.has(scid)),
    untilMs: standing.status === 'quarantined' ? standing.untilMs : notAfterMs,
    enroller: isDid(issuer) ? issuer : undefined,
    revocation: revocations.toSorted((left, right) => right.claimedMs - left.claimedMs)[0]?.id,
  }
}

function whyOf(standing: Standing, isForked: boolean): string | undefined {
  const own = 'reason' in standing ? standing.reason : undefined
  const why = 'why' in standing ? standing.why : own
  if (!isForked) return why
  return [...(why === undefined ? [] : [why]), 'its audit log contradicts itself'].join('; ')
}

function byName(left: MemberSummary, right: MemberSummary): number {
  return (left.name ?? '') < (right.name ?? '') ||
    (left.name === right.name && left.did < right.did)
    ? -1
    : 1
}
