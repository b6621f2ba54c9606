import type { CountedWitness, MissingWitness } from './freshness-judgement.ts'
import type { TimeView } from './mesh-time.ts'
import type { SteadyClock } from './steady-clock.ts'
import { countedOf, type HeardBeacon, type WitnessEntry } from './witness-entry.ts'

/** What ages are counted from. */
export interface AgeView extends TimeView {
  readonly meshTimeMs: number | undefined
}

/**
 * The witnesses that count, the newest first: those who have answered a nonce of this boot and of whom a beacon counts.
 *
 * `all` includes those who have contradicted themselves since: their word tells how long ago all was well.
 */
export function agesOf(view: AgeView, which: 'sound' | 'all'): readonly CountedWitness[] {
  const { panel, entries } = view
  return [...entries]
    .flatMap(([witness, entry]) => {
      if (which === 'sound' && panel.forked.has(witness)) return []
      const heard = countedOf(entry, latestOf(view))
      if (heard === undefined || entry.answeredMs === undefined) return []
      return [{ witness, seq: heard.beacon.seq, ageMs: ageOf(view, entry.clock, heard) }]
    })
    .toSorted((left, right) => left.ageMs - right.ageMs || (left.witness < right.witness ? -1 : 1))
}

/** Never less than by mesh time, by the witness's own time, or than the time since the beacon came. */
function ageOf(view: AgeView, clock: SteadyClock, { beacon, cameMs }: HeardBeacon): number {
  const { nowMs, meshTimeMs = 0 } = view
  const timeMs = Math.max(meshTimeMs, clock.read(nowMs))
  return Math.max(0, timeMs - beacon.timeMs, nowMs - cameMs)
}

export function kthSmallest(ages: readonly CountedWitness[], k: number): number | undefined {
  return ages[k - 1]?.ageMs
}

/** The latest time that is not the future. Before mesh time is known nothing is. */
export function latestOf({
  panel,
  meshTimeMs = Number.POSITIVE_INFINITY,
}: Pick<AgeView, 'panel' | 'meshTimeMs'>): number {
  return meshTimeMs + panel.limits.skewMs
}

/** The witnesses in force that do not count, and why. */
export function missingOf(view: AgeView): readonly MissingWitness[] {
  return view.panel.witnesses.flatMap((witness) => {
    const why = view.panel.forked.has(witness)
      ? 'forked'
      : whyMissing(view, view.entries.get(witness))
    return why === undefined ? [] : [{ witness, why }]
  })
}

/** Whether a sound witness is heard that has not answered: asked for at every event, so no clock is read. */
export function isAnyUnanswered({ panel, entries }: Pick<AgeView, 'panel' | 'entries'>): boolean {
  return panel.witnesses.some(
    (witness) => !panel.forked.has(witness) && isUnanswered(entries.get(witness)),
  )
}

/** How many sound witnesses have answered a nonce of this boot. */
export function answeredCount({ panel, entries }: Pick<AgeView, 'panel' | 'entries'>): number {
  return panel.witnesses.filter(
    (witness) => !panel.forked.has(witness) && entries.get(witness)?.answeredMs !== undefined,
  ).length
}

function isUnanswered(entry: WitnessEntry | undefined): boolean {
  if (entry === undefined || entry.answeredMs !== undefined) return false
  return entry.newest.beacon.seq !== entry.seqMin
}

function whyMissing(
  view: AgeView,
  entry: WitnessEntry | undefined,
): MissingWitness['why'] | undefined {
  if (entry === undefined) return 'silent'
  const { newest, answeredMs } = entry
  if (answeredMs === undefined) return isUnanswered(entry) ? 'unanswered' : 'silent'
  if (countedOf(entry, latestOf(view)) !== undefined) return undefined
  return newest.isCovered ? 'future' : 'uncovered'
}
