import type { Beacon } from '../records/beacon.ts'
import { SteadyClock } from './steady-clock.ts'

/** A beacon, and when it came on our monotonic clock. */
export interface HeardBeacon {
  readonly beacon: Beacon
  readonly cameMs: number
  /** Whether our removals have, or once had, its root. */
  readonly isCovered: boolean
}

/** What is remembered of one witness. */
export interface WitnessEntry {
  /** The beacon with the highest number. */
  readonly newest: HeardBeacon
  /** The highest one below it that counts, for as long as the newest does not. */
  readonly fallback: HeardBeacon | undefined
  /** Its time at the latest: as if its answer had been made the moment it was asked for. */
  readonly clock: SteadyClock
  /** Its time at the earliest: as if its answer had been made the moment it came. */
  readonly earliest: SteadyClock
  /** When we sent the newest challenge that it answered. */
  readonly answeredMs: number | undefined
  /** Nothing below this number is taken: it was seen before this boot. 0 where nothing was. */
  readonly seqMin: number
}

/** Why something that was heard is not taken, or does not count. */
export type HeardRefusal =
  | 'witness-unknown'
  | 'witness-forked'
  | 'beacon-forked'
  | 'beacon-old'
  | 'beacon-time-back'
  | 'beacon-future'
  | 'nonce-unknown'

/** What came of a beacon. */
export type BeaconOutcome =
  | { readonly status: 'counts' }
  /** Its root is none of ours yet. It is kept, and counts as soon as the root is. */
  | { readonly status: 'held' }
  | { readonly status: 'known' }
  | { readonly status: 'refused'; readonly code: HeardRefusal }

/** The entry of a witness of which nothing else is known. */
export function entryWith(heard: HeardBeacon, seqMin: number): WitnessEntry {
  const clock = SteadyClock.at(heard.beacon.timeMs, heard.cameMs)
  return {
    newest: heard,
    fallback: undefined,
    clock,
    earliest: clock,
    answeredMs: undefined,
    seqMin,
  }
}

/** The beacon of a witness that counts: the newest that is covered and is not from the future. */
export function countedOf(
  { newest, fallback }: WitnessEntry,
  latestMs: number,
): HeardBeacon | undefined {
  return [newest, fallback].find(
    (heard) => heard?.isCovered === true && heard.beacon.timeMs <= latestMs,
  )
}

/** The beacon that we have under the number of another. */
export function sameNumber(
  { newest, fallback }: WitnessEntry,
  { seq }: Beacon,
): Beacon | undefined {
  return [newest, fallback].find((heard) => heard?.beacon.seq === seq)?.beacon
}

/** Takes a beacon under a new number into the entry of its witness. `latestMs`: what lies after it is in the future. */
export function withBeacon(
  entry: WitnessEntry,
  heard: HeardBeacon,
  latestMs: number,
): WitnessEntry | 'beacon-old' | 'beacon-time-back' {
  const { newest, fallback, seqMin } = entry
  const { beacon, cameMs } = heard
  if (beacon.seq < seqMin) return 'beacon-old'
  if (!isInOrder(newest, beacon) || !isInOrder(fallback, beacon)) return 'beacon-time-back'
  if (beacon.seq > newest.beacon.seq) {
    // One from the future is remembered all the same: kw witnesses that are ahead of our time move it forward.
    const clock = entry.clock.advance(beacon.timeMs, cameMs)
    const earliest = entry.earliest.advance(beacon.timeMs, cameMs)
    return { ...entry, newest: heard, fallback: countedOf(entry, latestMs), clock, earliest }
  }
  const isNeeded = countedOf(entry, latestMs) !== newest
  const isBetter = beacon.seq > (fallback?.beacon.seq ?? 0)
  const counts = heard.isCovered && beacon.timeMs <= latestMs
  return isNeeded && isBetter && counts ? { ...entry, fallback: heard } : 'beacon-old'
}

/** Whether the numbers and the times of two beacons rise together. */
function isInOrder(known: HeardBeacon | undefined, { seq, timeMs }: Beacon): boolean {
  if (known === undefined) return true
  const { beacon } = known
  return seq > beacon.seq ? timeMs >= beacon.timeMs : timeMs <= beacon.timeMs
}

/** The entry once more roots are ours. What counted goes on counting. */
export function covered(entry: WitnessEntry, isCovered: (root: string) => boolean): WitnessEntry {
  const { newest } = entry
  if (newest.isCovered || !isCovered(newest.beacon.removalRoot)) return entry
  return { ...entry, newest: { ...newest, isCovered: true } }
}

/** The entry after its witness has answered a nonce that was sent at `sentMs`. */
export function answered(
  entry: WitnessEntry,
  {
    timeMs,
    sentMs,
    nowMs,
  }: { readonly timeMs: number; readonly sentMs: number; readonly nowMs: number },
): WitnessEntry {
  // As if the answer had come at once: so its clock is not behind, however long the answer was held back.
  const clock = entry.clock.set({ timeMs, atMs: sentMs, nowMs })
  // Anew with each answer: on a clock of ours that is faster than its own it would else run ahead of it.
  const earliest = SteadyClock.at(timeMs, nowMs)
  return { ...entry, clock, earliest, answeredMs: sentMs }
}
