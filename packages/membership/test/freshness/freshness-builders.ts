import {
  type Beacon,
  Freshness,
  type FreshnessJudgement,
  type FreshnessLimits,
  nonceText,
  type Observation,
  type WitnessPanel,
} from '@warren/membership'
import type { Did } from '@warren/identity'
import { NOW_MS } from '../builders.ts'

/** The limits of a charter that says nothing else. */
export const LIMITS: FreshnessLimits = {
  beaconMs: 60_000,
  warnMs: 120_000,
  denyMs: 300_000,
  stopMs: 1_800_000,
  skewMs: 60_000,
}
export const ROOT = 'a'.repeat(64)
/** A root that this node does not have. */
export const HIDDEN = 'b'.repeat(64)
/** The monotonic clock of this node as it boots. */
export const BOOT_MS = 1_000
export const W1 = did('1')
export const W2 = did('2')
export const W3 = did('3')

function did(digit: string): Did {
  return `did:webvh:Qm${digit.repeat(44)}:warren.internal`
}

/** Two of three witnesses, none of which has contradicted itself. */
export function panel(changes: Partial<WitnessPanel> = {}): WitnessPanel {
  return {
    meshId: `zQm${'1'.repeat(44)}`,
    limits: LIMITS,
    witnesses: [W1, W2, W3],
    forked: new Set(),
    kWitness: 2,
    isCovered: (root) => root === ROOT,
    ...changes,
  }
}

/** A beacon as decoding gives it, its time in milliseconds after `NOW_MS`. */
export function beacon(
  witness: Did,
  seq: number,
  { at, root = ROOT, id = '' }: { at: number; root?: string; id?: string },
): Beacon {
  return {
    id: `${witness} ${seq} ${root.charAt(0)}${id}`,
    text: '',
    witness,
    seq,
    timeMs: NOW_MS + at,
    nextByMs: LIMITS.beaconMs,
    removalRoot: root,
    removalCount: 1,
    memberRoot: ROOT,
    memberCount: 1,
    checkpoint: undefined,
  }
}

export function nonce(fill: number): string {
  return nonceText(new Uint8Array(32).fill(fill))
}

export interface Answering {
  readonly nowMs: number
  /** The witness's time after `NOW_MS`; that of its beacon when absent. */
  readonly at?: number
  readonly sentMs?: number
  readonly fill?: number
}

/** A nonce goes out, and a witness answers with a beacon. */
export function answer(
  freshness: Freshness,
  said: Beacon,
  { nowMs, at, sentMs = nowMs, fill = sentMs % 251 }: Answering,
): Observation {
  const text = nonce(fill)
  const open = freshness.isOpen(text, nowMs) ? freshness : freshness.openNonce(text, sentMs)
  const timeMs = at === undefined ? said.timeMs : NOW_MS + at
  return open.observeResponse({ nonce: text, witness: said.witness, timeMs, beacon: said }, nowMs)
}

/** A node that has just booted, with the answers of these witnesses, all at `NOW_MS`. */
export function anchored(
  witnesses: readonly Did[] = [W1, W2],
  changes: Partial<WitnessPanel> = {},
): Freshness {
  let freshness = Freshness.boot({ panel: panel(changes), bounds: [], nowMs: BOOT_MS })
  for (const witness of witnesses) {
    freshness = answer(freshness, beacon(witness, 1, { at: 0 }), { nowMs: BOOT_MS }).freshness
  }
  return freshness
}

/** What comes of some beacons, all of them at one time. */
export function withBeacons(
  freshness: Freshness,
  nowMs: number,
  beacons: readonly Beacon[],
): Freshness {
  return beacons.reduce((each, said) => each.observeBeacon(said, nowMs).freshness, freshness)
}

/** The judgement `elapsedMs` after boot. */
export function judged(freshness: Freshness, elapsedMs: number): FreshnessJudgement {
  return freshness.judge(BOOT_MS + elapsedMs)
}
