import type { Did } from '@warren/identity'
import type { Beacon } from '../records/beacon.ts'
import type { IslandRecord } from '../records/mesh-record.ts'
import { forkProofOf } from './decode-beacon.ts'
import type { FreshResponse } from './fresh-response.ts'
import { type FreshnessJudgement, serversOf, stateOfAge, worseOf } from './freshness-judgement.ts'
import { MeshTime, type MeshTimeSpan, type TimeView } from './mesh-time.ts'
import { ANSWER_MS_MAX, OpenNonces } from './open-nonces.ts'
import {
  agesOf,
  type AgeView,
  answeredCount,
  isAnyUnanswered,
  kthSmallest,
  latestOf,
  missingOf,
} from './witness-ages.ts'
import {
  answered,
  type BeaconOutcome,
  covered,
  countedOf,
  entryWith,
  type HeardBeacon,
  type HeardRefusal,
  sameNumber,
  withBeacon,
  type WitnessEntry,
} from './witness-entry.ts'
import type { WitnessPanel } from './witness-panel.ts'

/** How often a node that has its time asks again, so that the drift between two clocks stays small. */
const CHALLENGE_MS = 600_000
/** How soon it asks again where fewer than kw have answered and one is heard that has not. */
const CHALLENGE_SOON_MS = 3_000

/** What came of something that was heard. */
export interface Observation {
  readonly freshness: Freshness
  readonly outcome: BeaconOutcome
  /** A fork proof, as text, where the witness has said two things under one number. */
  readonly forkProof: string | undefined
}

export interface BootInit {
  readonly panel: WitnessPanel
  /** The newest beacon that was seen of each witness before this boot: older ones are refused. */
  readonly bounds: readonly Beacon[]
  readonly nowMs: number
}

interface State {
  readonly panel: WitnessPanel
  /** Of witnesses in force, and of nobody else. */
  readonly entries: ReadonlyMap<Did, WitnessEntry>
  readonly time: MeshTime
  readonly nonces: OpenNonces
  /** How old this node's knowledge was when kw witnesses counted last, where others are in force since. */
  readonly before: AgeAt | undefined
}

/** An age, and the monotonic time at which it was that. */
interface AgeAt {
  readonly ageMs: number
  readonly atMs: number
}

/** What a witness says of its time, and when it was asked. */
interface Answer {
  readonly beacon: Beacon
  readonly timeMs: number
  readonly sentMs: number
}

/**
 * How fresh a node's knowledge is, by the word of kw witnesses: an immutable value.
 *
 * Every `nowMs` is monotonic, counts suspend, and does not fall. No wall clock has a say. Memory is bounded: two beacons and
 * a clock for each witness in force.
 *
 * The age of a beacon is counted on its witness's own clock too, which is known from an answer to a nonce of this boot. So
 * kw - 1 hostile witnesses together with whoever carries the messages cannot make what is old look new.
 */
export class Freshness {
  readonly #state: State

  private constructor(state: State) {
    this.#state = state
  }

  static boot({ panel, bounds, nowMs }: BootInit): Freshness {
    const entries = new Map<Did, WitnessEntry>()
    for (const beacon of bounds) {
      if (!panel.witnesses.includes(beacon.witness)) continue
      const isCovered = panel.isCovered(beacon.removalRoot)
      entries.set(beacon.witness, entryWith({ beacon, cameMs: nowMs, isCovered }, beacon.seq))
    }
    const time = MeshTime.unknown
    return new Freshness({ panel, entries, time, nonces: OpenNonces.none, before: undefined })
  }

  /** Takes a beacon, verified, whoever passed it on. */
  observeBeacon(beacon: Beacon, nowMs: number): Observation {
    const { panel, entries } = this.#state
    const { witness, removalRoot } = beacon
    if (!panel.witnesses.includes(witness)) return this.#refused('witness-unknown')
    if (panel.forked.has(witness)) return this.#refused('witness-forked')
    const heard = { beacon, cameMs: nowMs, isCovered: panel.isCovered(removalRoot) }
    const entry = entries.get(witness)
    if (entry === undefined) return this.#heard(entryWith(heard, 0), heard)
    const twin = sameNumber(entry, beacon)
    if (twin !== undefined && twin.id !== beacon.id) return this.#forked([twin, beacon], nowMs)
    if (twin !== undefined) return this.#unchanged({ status: 'known' })
    const next = withBeacon(entry, heard, this.#latestMs(nowMs))
    return typeof next === 'string' ? this.#refused(next) : this.#heard(next, heard)
  }

  /** Takes a beacon that this node, itself a witness, has just made, with its time to the millisecond. */
  observeOwn(
    { beacon, timeMs }: { readonly beacon: Beacon; readonly timeMs: number },
    nowMs: number,
  ): Observation {
    return this.#answered({ beacon, timeMs, sentMs: nowMs }, nowMs)
  }

  /** Opens a nonce, the `nonceText` of 32 random bytes, as its challenge is sent. */
  openNonce(nonce: string, nowMs: number): Freshness {
    return new Freshness({ ...this.#state, nonces: this.#state.nonces.open(nonce, nowMs) })
  }

  /** Whether a nonce is ours, of this boot, and still waits for answers. */
  isOpen(nonce: string, nowMs: number): boolean {
    return this.#state.nonces.sentMs(nonce, nowMs) !== undefined
  }

  /** Whether a nonce of ours still waits for the answer of that witness. */
  awaits(nonce: string, witness: Did, nowMs: number): boolean {
    const sentMs = this.#state.nonces.sentMs(nonce, nowMs)
    // One answer of each witness to each nonce: a second one could only put its clock ahead.
    return (
      sentMs !== undefined &&
      (this.#state.entries.get(witness)?.answeredMs ?? Number.NEGATIVE_INFINITY) < sentMs
    )
  }

  /** Takes the answer of a witness to an open nonce, with the beacon beside it. */
  observeResponse(response: FreshResponse, nowMs: number): Observation {
    const { nonce, witness, beacon, timeMs } = response
    const sentMs = this.#state.nonces.sentMs(nonce, nowMs)
    if (sentMs === undefined) return this.#refused('nonce-unknown')
    if (!this.awaits(nonce, witness, nowMs)) return this.#unchanged({ status: 'known' })
    return this.#answered({ beacon, timeMs, sentMs }, nowMs)
  }

  /** Takes what this node knows now: other witnesses, forks, roots. To be called whenever its removals have changed. */
  recheck(panel: WitnessPanel, nowMs: number): Freshness {
    const entries = new Map<Did, WitnessEntry>()
    for (const witness of panel.witnesses) {
      const entry = this.#state.entries.get(witness)
      if (entry !== undefined) {
        entries.set(witness, covered(entry, panel.isCovered))
      }
    }
    const ageMs = this.#ageMs(nowMs)
    const before = ageMs === undefined ? this.#state.before : { ageMs, atMs: nowMs }
    return this.#next({ panel, entries, before }, nowMs)
  }

  /** Mesh time; undefined until kw witnesses have answered nonces of this boot. */
  meshTimeMs(nowMs: number): number | undefined {
    return this.#state.time.read(this.#view(nowMs))
  }

  /** What a witness sets its own clock by; undefined where mesh time is, or where fewer than kw witnesses are heard. */
  meshTimeSpan(nowMs: number): MeshTimeSpan | undefined {
    return this.#state.time.span(this.#view(nowMs))
  }

  /** Whether kw witnesses have answered nonces of this boot. */
  get hasMeshTime(): boolean {
    return this.#state.time.isKnown
  }

  /** Says how fresh this node's knowledge is. `islands`: the grants of its own enclave, see `islandsOf`. */
  judge(nowMs: number, islands: readonly IslandRecord[] = []): FreshnessJudgement {
    const view = this.#ageView(nowMs)
    const { panel, meshTimeMs } = view
    const { limits, kWitness } = panel
    const nothing = { meshTimeMs, ageMs: undefined, counted: [], missing: [], servers: [] }
    if (kWitness === 0) return { ...nothing, state: 'unwitnessed', why: 'unwitnessed' }
    const missing = missingOf(view)
    if (meshTimeMs === undefined) return { ...nothing, missing, state: 'stop', why: 'boot' }
    const counted = agesOf(view, 'sound')
    const ageMs = kthSmallest(counted, kWitness)
    if (ageMs === undefined) {
      // Those who no longer count, or are no longer in force, still tell how long ago all was well.
      const lastMs = kthSmallest(agesOf(view, 'all'), kWitness) ?? this.#sinceBeforeMs(nowMs)
      const state = worseOf('deny-new', stateOfAge(lastMs, limits))
      return { ...nothing, counted, missing, state, why: 'witnesses' }
    }
    const servers = serversOf(islands, { ageMs, meshTimeMs, limits })
    const state = stateOfAge(ageMs, limits)
    return { state, why: 'age', ageMs, meshTimeMs, counted, missing, servers }
  }

  /** The newest beacon of each witness: what is to be stored, so that nothing older is believed after a restart. */
  bounds(): readonly Beacon[] {
    return [...this.#state.entries.values()].map(({ newest }) => newest.beacon)
  }

  /** When the next challenge is due: at once, again until kw have answered, and sooner while a witness is heard that has not. */
  challengeDueMs(nowMs: number): number {
    const { nonces, panel, time } = this.#state
    if (nonces.lastMs === undefined) return nowMs
    if (!time.isKnown) return nonces.lastMs + ANSWER_MS_MAX
    const isWaiting = isAnyUnanswered(this.#state)
    if (answeredCount(this.#state) < panel.kWitness) {
      return nonces.lastMs + (isWaiting ? CHALLENGE_SOON_MS : ANSWER_MS_MAX)
    }
    return nonces.lastMs + (isWaiting ? panel.limits.beaconMs : CHALLENGE_MS)
  }

  /** Undefined where fewer than kw witnesses count, or mesh time is unknown. */
  #ageMs(nowMs: number): number | undefined {
    const view = this.#ageView(nowMs)
    const { kWitness } = view.panel
    if (kWitness === 0 || view.meshTimeMs === undefined) return undefined
    return kthSmallest(agesOf(view, 'sound'), kWitness)
  }

  #sinceBeforeMs(nowMs: number): number | undefined {
    const { before } = this.#state
    return before === undefined ? undefined : before.ageMs + nowMs - before.atMs
  }

  #view(nowMs: number): TimeView {
    const { panel, entries } = this.#state
    return { panel, entries, nowMs }
  }

  #ageView(nowMs: number): AgeView {
    return { ...this.#view(nowMs), meshTimeMs: this.meshTimeMs(nowMs) }
  }

  #latestMs(nowMs: number): number {
    return latestOf(this.#ageView(nowMs))
  }

  #answered({ beacon, timeMs, sentMs }: Answer, nowMs: number): Observation {
    const observation = this.observeBeacon(beacon, nowMs)
    const { outcome, freshness } = observation
    // An old beacon may have been overtaken on its way by the next one; the answer is good all the same.
    if (outcome.status === 'refused' && !MAY_ANSWER.has(outcome.code)) return observation
    const entry = freshness.#state.entries.get(beacon.witness)
    if (entry === undefined) return observation
    const next = freshness.#with(answered(entry, { timeMs, sentMs, nowMs }), nowMs)
    return { ...observation, freshness: next, outcome: next.#outcomeOf(beacon, nowMs) ?? outcome }
  }

  #heard(entry: WitnessEntry, { beacon, cameMs }: HeardBeacon): Observation {
    const freshness = this.#with(entry, cameMs)
    const outcome = freshness.#outcomeOf(beacon, cameMs) ?? { status: 'known' }
    return { freshness, outcome, forkProof: undefined }
  }

  /** What a beacon that is kept is worth; undefined for one that is not. */
  #outcomeOf({ id, witness }: Beacon, nowMs: number): BeaconOutcome | undefined {
    const entry = this.#state.entries.get(witness)
    if (entry === undefined) return undefined
    if (countedOf(entry, this.#latestMs(nowMs))?.beacon.id === id) return { status: 'counts' }
    if (entry.newest.beacon.id !== id) return undefined
    if (!entry.newest.isCovered) return { status: 'held' }
    return { status: 'refused', code: 'beacon-future' }
  }

  #forked(beacons: readonly [Beacon, Beacon], nowMs: number): Observation {
    const { panel, entries } = this.#state
    const forked = new Set([...panel.forked, beacons[0].witness])
    const freshness = this.#next({ panel: { ...panel, forked }, entries }, nowMs)
    const forkProof = forkProofOf(panel.meshId, beacons)
    return { freshness, outcome: { status: 'refused', code: 'beacon-forked' }, forkProof }
  }

  #with(entry: WitnessEntry, nowMs: number): Freshness {
    const { panel, entries } = this.#state
    const next = new Map(entries).set(entry.newest.beacon.witness, entry)
    return this.#next({ panel, entries: next }, nowMs)
  }

  #next(change: Pick<State, 'panel' | 'entries'> & Partial<State>, nowMs: number): Freshness {
    const time = this.#state.time.reached(this.#view(nowMs)).anchored({ ...change, nowMs })
    return new Freshness({ ...this.#state, ...change, time })
  }

  #refused(code: HeardRefusal): Observation {
    return this.#unchanged({ status: 'refused', code })
  }

  #unchanged(outcome: BeaconOutcome): Observation {
    return { freshness: this, outcome, forkProof: undefined }
  }
}

const MAY_ANSWER: ReadonlySet<HeardRefusal> = new Set(['beacon-old', 'beacon-future'])
