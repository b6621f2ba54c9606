import type { QuarantineRecord } from '../records/mesh-record.ts'
import { compareRanks } from './ranks.ts'
import type { RecordSet } from './record-set.ts'

/** Quarantines of one admin that count at one time: an admin alone may disturb, and not more. */
const QUARANTINES_OF_ONE_MAX = 16

interface Counting {
  readonly nowMs: number
  readonly byIssuer: Map<string, readonly QuarantineRecord[]>
}

/** Which quarantines of each admin count, at the last time for which it was asked. Sets never change, and everybody's standing asks for this. */
const COUNTING = new WeakMap<RecordSet, Counting>()

/** The quarantine in force, the one that lasts longest where there are several, and of those the one with the lower id. */
export function quarantineOf(
  set: RecordSet,
  scid: string,
  nowMs: number,
): QuarantineRecord | undefined {
  const { skewMs } = set.charter.freshness
  const admins = set.tree.tip.admins
  return set.tables.removals
    .quarantines(scid)
    .filter((record) => isInForce(record, nowMs, skewMs))
    .filter(({ issuer }) => admins.some(({ did }) => did === issuer))
    .filter(({ issuer }) => set.tables.removals.revocations(`admin ${issuer}`).length === 0)
    .filter((record) => countingBy(set, record.issuer, nowMs).includes(record))
    .map((record) => ({ record, ranks: [-record.notAfterMs, record.id] }))
    .toSorted(compareRanks)[0]?.record
}

/** The earliest of those of an admin that are in force: looked for once, however many members it is asked for. */
function countingBy(set: RecordSet, issuer: string, nowMs: number): readonly QuarantineRecord[] {
  const known = COUNTING.get(set)
  const counting = known?.nowMs === nowMs ? known : { nowMs, byIssuer: new Map() }
  COUNTING.set(set, counting)
  const found = counting.byIssuer.get(issuer) ?? earliestInForce(set, issuer, nowMs)
  counting.byIssuer.set(issuer, found)
  return found
}

/** One walk over all, whatever order they are in: only those are compared that come before the last of the earliest so far. */
function earliestInForce(
  set: RecordSet,
  issuer: string,
  nowMs: number,
): readonly QuarantineRecord[] {
  const { skewMs } = set.charter.freshness
  const earliest: QuarantineRecord[] = []
  for (const each of set.tables.removals.quarantinesBy(issuer)) {
    if (!isInForce(each, nowMs, skewMs)) continue
    const last = earliest[QUARANTINES_OF_ONE_MAX - 1]
    if (last !== undefined && !isEarlier(each, last)) continue
    const at = earliest.findIndex((other) => isEarlier(each, other))
    earliest.splice(at === -1 ? earliest.length : at, 0, each)
    if (earliest.length > QUARANTINES_OF_ONE_MAX) earliest.pop()
  }
  return earliest
}

function isInForce(
  { claimedMs, notAfterMs }: QuarantineRecord,
  nowMs: number,
  skewMs: number,
): boolean {
  return nowMs >= claimedMs - skewMs && nowMs < notAfterMs
}

function isEarlier(left: QuarantineRecord, right: QuarantineRecord): boolean {
  if (left.claimedMs !== right.claimedMs) return left.claimedMs < right.claimedMs
  return left.id < right.id
}
