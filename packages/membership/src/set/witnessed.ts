import type { Did } from '@warren/identity'
import type { LogPosition } from '../records/mesh-record.ts'
import type { AdminSet } from './admin-set.ts'
import type { RecordSet } from './record-set.ts'

/** What there is to judge by before it is known who is in force. */
export type Evidence = Pick<RecordSet, 'logs' | 'tables'>

/** The witnesses of a set of admins that have contradicted themselves nowhere. */
export function soundWitnesses(evidence: Evidence, admins: AdminSet): readonly Did[] {
  return admins.witnesses.map(({ did }) => did).filter((did) => !isForked(evidence, did))
}

/** Whether a witness has been shown to say two things, by a proof of it or by its own checkpoints. */
export function isForked({ tables, logs }: Evidence, witness: Did): boolean {
  return tables.forks.has(witness) || logs.isBroken(witness)
}

/** Enough different sound witnesses of a set of admins. Where there are none, nothing is witnessed. */
export function areEnough(
  evidence: Evidence,
  witnesses: readonly Did[],
  admins: AdminSet,
): boolean {
  const { kWitness } = admins
  if (kWitness === 0 || witnesses.length < kWitness) return false
  return (
    soundWitnesses(evidence, admins).filter((did) => witnesses.includes(did)).length >= kWitness
  )
}

/**
 * Whether witnesses vouch for what takes away: those of one set that is or was in force, whatever has become of them.
 *
 * Once vouched for is vouched for always, or two nodes that know the same would not hold the same removals. A
 * witness that lies can take away with this, as long as kw of them do, and can give nothing.
 */
export function isVouched(set: RecordSet, id: string): boolean {
  const witnesses = set.logs.witnessesOf(id)
  if (witnesses.length === 0) return false
  return [...set.tree.allSets].some(
    ({ kWitness, witnesses: listed }) =>
      kWitness > 0 && listed.filter(({ did }) => witnesses.includes(did)).length >= kWitness,
  )
}

/** Whether enough witnesses had written an id down before these positions of their logs: those of the set in whose time that was. */
export function wasSeen(
  evidence: Evidence,
  { id, since }: { readonly id: string; readonly since: readonly LogPosition[] },
  admins: AdminSet,
): boolean {
  return areEnough(evidence, evidence.logs.witnessesBefore(id, since), admins)
}

/** As `wasSeen`, where it is not said in whose time: the witnesses of any set that was in force will do. */
export function wasEverSeen(
  set: RecordSet,
  seen: { readonly id: string; readonly since: readonly LogPosition[] },
): boolean {
  return set.tree.reigns.some(({ set: admins }) => wasSeen(set, seen, admins))
}

/** Whether enough witnesses of any set that was in force wrote one id down in an earlier checkpoint than another, or without it. */
export function wasSeenEarlier(set: RecordSet, id: string, other: string): boolean {
  const others = new Map(set.logs.timesOf(other).map(({ witness, atMs }) => [witness, atMs]))
  const earlier = set.logs
    .timesOf(id)
    .filter(({ witness, atMs }) => atMs < (others.get(witness) ?? Number.POSITIVE_INFINITY))
    .map(({ witness }) => witness)
  return set.tree.reigns.some(({ set: admins }) => areEnough(set, earlier, admins))
}

/** When an id had been seen by enough witnesses of now; infinity where it has not. */
export function seenAtMs(set: RecordSet, id: string): number {
  return seeing(set)(id)
}

/** As `seenAtMs`, for many ids of one set: who the witnesses are is looked up once. */
export function seeing(set: RecordSet): (id: string) => number {
  const { tip } = set.tree
  const sound = new Set(soundWitnesses(set, tip))
  return (id) => {
    const times = set.logs
      .timesOf(id)
      .flatMap(({ witness, atMs }) => (sound.has(witness) ? [atMs] : []))
      .toSorted((left, right) => left - right)
    return times[tip.kWitness - 1] ?? Number.POSITIVE_INFINITY
  }
}

/** The time that it is at least, by the word of enough witnesses of now: no single one can hurry it. */
export function witnessedMs(set: RecordSet): number {
  const times = soundWitnesses(set, set.tree.tip)
    .map((did) => set.logs.timeOf(did) ?? 0)
    .toSorted((left, right) => right - left)
  return times[set.tree.tip.kWitness - 1] ?? 0
}
