import { canonicalJson, isJsonObject, type JsonObject, parseCanonicalJson } from '@warren/core'
import { type AdminSigner, publicPair, signByAdmins } from '../admin-signer.ts'
import type { Beacon } from '../records/beacon.ts'
import { RECORD_LENGTH_MAX } from '../records/decode-record.ts'
import { pairName } from '../records/keyring.ts'
import { writeBeacon } from '../records/write-records.ts'
import type { RecordSet } from '../set/record-set.ts'
import { type BeaconDraft, BeaconInMaking } from './beacon-draft.ts'
import { decodeBeacon, witnessContext } from './decode-beacon.ts'
import { signResponse } from './fresh-response.ts'
import { type CheckpointDraft, nextCheckpoint } from './next-checkpoint.ts'
import type { MeshTimeSpan } from './mesh-time.ts'
import { SteadyClock } from './steady-clock.ts'

/** After its removals changed a witness says so at once, but not more often than this. */
export const BEACON_MS_MIN = 2_000
/** What is new is logged at once, but not more often than this. */
export const CHECKPOINT_MS_MIN = 5_000
/**
 * How much slower a clock runs that is ahead and waits: ten times what quartz drifts, and so little that whoever makes it wait
 * makes nothing look younger than it is by more than that.
 */
const WAIT_SHARE = 1 / 1_000
/** A date is written with four digits of a year: this is the last moment that has them. */
const TIME_MS_MAX = 253_402_300_799_999
const DRAFT_LIMITS = { lengthMax: RECORD_LENGTH_MAX, depthMax: 16, keysMax: 4096 } as const

/** The highest numbers that a witness has taken. Durable before anything is signed under them. */
export interface WitnessState {
  /** Of its beacons. */
  readonly seq: number
  /** The time that it last spoke of: its clock never goes back behind it. */
  readonly timeMs: number
  /** The last checkpoint with all that it says: whoever is cut short signs this very one again, and no other under its number. */
  readonly checkpoint: CheckpointDraft | undefined
}

export interface DutyInit {
  /** This node, with its keys. */
  readonly witness: AdminSigner
  /** What was stored; or, of a witness that has never signed anything, the wall clock, for this one time and where no mesh time is known. */
  readonly from: WitnessState | { readonly firstWallMs: number }
  /**
   * A time that the operator of the witness vouches for. While a witness is off its time stands still, and only kw others
   * can put it forward: where there are not so many, this does. It puts nothing back.
   */
  readonly vouchedMs?: number
  readonly nowMs: number
}

/** What a witness makes its beacons and checkpoints from. */
export interface DutyQuestion {
  readonly set: RecordSet
  readonly nowMs: number
  /** What kw witnesses say, where it is known: a clock that has stood still is put forward to it, and one that runs ahead waits for it. */
  readonly meshTime: MeshTimeSpan | undefined
}

/** A beacon with the witness's time as it made it, for `Freshness.observeOwn`. */
export interface OwnBeacon {
  readonly beacon: Beacon
  readonly timeMs: number
}

/** A response, and the beacon that travels beside it. */
export interface OwnResponse {
  readonly text: string
  readonly beaconText: string
}

/**
 * What a node that is a witness has to say, and when.
 *
 * A number is taken in two steps, so that nothing is ever signed twice under one, wherever the process is cut short:
 * `prepare…` takes it and gives the state to be made durable; `sign…`, to be called once that is done, signs. States are
 * made durable in the order in which they are given.
 * An identity has one duty, with one owner: it is no value to be copied.
 */
export class WitnessDuty {
  readonly #witness: AdminSigner
  #state: WitnessState
  #clock: SteadyClock
  readonly #vouched: SteadyClock
  /** When its clock was read last. */
  #readMs: number
  /** Whether its clock still rests on the wall clock alone: nothing was ever signed by it. */
  #isFirst: boolean
  #making: BeaconInMaking | undefined
  #draft: (BeaconDraft & Pick<Beacon, 'seq'>) | undefined
  #last: Beacon | undefined
  #beaconAtMs: number | undefined
  #beaconRoot = ''
  #checkpointAtMs: number | undefined
  /** Asked at every wake, and another one only after an admin change. */
  #listing: { readonly tree: RecordSet['tree']; readonly isListed: boolean } | undefined

  constructor({ witness, from, vouchedMs = 0, nowMs }: DutyInit) {
    this.#witness = witness
    this.#isFirst = 'firstWallMs' in from
    this.#state =
      'firstWallMs' in from ? { seq: 0, timeMs: from.firstWallMs, checkpoint: undefined } : from
    this.#vouched = SteadyClock.at(vouchedMs, nowMs)
    this.#clock = SteadyClock.at(this.#state.timeMs, nowMs).advance(vouchedMs, nowMs)
    this.#readMs = nowMs
  }

  /** Takes up a beacon of this very witness that somebody else holds: its number is taken, even if our state is an old copy. */
  heard({ witness, seq, timeMs }: Beacon, nowMs: number): void {
    if (witness !== this.#witness.did || seq <= this.#state.seq) return
    this.#state = { ...this.#state, seq }
    // So it has signed before, and no wall clock has a say.
    const known = this.#isFirst ? this.#vouched : this.#clock
    this.#isFirst = false
    this.#clock = known.advance(timeMs, nowMs)
    // Its time may be behind that beacon now.
    this.#making = undefined
  }

  /** When the next beacon is due: at the interval; as soon as may be after the removals changed; never, where this node is no witness. */
  beaconDueMs(set: RecordSet, nowMs: number): number | undefined {
    if (!this.#isListed(set)) return undefined
    if (this.#beaconAtMs === undefined) return nowMs
    const { beaconMs } = set.charter.freshness
    const isChanged = set.trie('removal').root !== this.#beaconRoot
    return this.#beaconAtMs + (isChanged ? Math.min(BEACON_MS_MIN, beaconMs) : beaconMs)
  }

  /** Whether a beacon has been begun and not ended. */
  get isMakingBeacon(): boolean {
    return this.#making !== undefined
  }

  /** When the next checkpoint is due; undefined while there is nothing new. Soon: what it logs can be told from what is made later. */
  checkpointDueMs(set: RecordSet, nowMs: number): number | undefined {
    if (!this.#isListed(set)) return undefined
    const count = set.trie('removal').count + set.trie('grant').count
    const isOpen = (this.#state.checkpoint?.epoch ?? 0) > this.#latestEpoch(set)
    if (!isOpen && count <= (set.logs.latest(this.#witness.did)?.size ?? 0)) return undefined
    if (this.#checkpointAtMs === undefined) return nowMs
    return this.#checkpointAtMs + Math.min(CHECKPOINT_MS_MIN, set.charter.freshness.beaconMs)
  }

  /**
   * Takes the next number for a beacon, when one is due; gives the state to be made durable.
   *
   * Where there are many members it takes several calls: they are called over a few at a time, and the beacon remains due
   * meanwhile. It is about the set and the time with which that began.
   */
  prepareBeacon(question: DutyQuestion): WitnessState | undefined {
    const { set, nowMs } = question
    const dueMs = this.beaconDueMs(set, nowMs)
    if (dueMs === undefined) this.#making = undefined
    if (dueMs === undefined || nowMs < dueMs) return undefined
    const exactMs = this.#timeMs(question)
    // Before anything was ever signed the time that the others say may put its clock back.
    if (this.#making === undefined || this.#making.timeMs > exactMs) {
      this.#making = new BeaconInMaking(this.#witness.did, set, exactMs)
    }
    const draft = this.#making.advance(exactMs)
    if (draft === undefined) return undefined
    const seq = this.#state.seq + 1
    this.#making = undefined
    this.#draft = { ...draft, seq }
    this.#beaconAtMs = nowMs
    this.#beaconRoot = draft.removalRoot
    this.#isFirst = false
    this.#state = { ...this.#state, seq, timeMs: exactMs }
    return this.#state
  }

  /** Signs the beacon whose number is durable now; undefined when a later one has taken its place. */
  signBeacon(set: RecordSet, stored: WitnessState): OwnBeacon | undefined {
    const draft = this.#draft
    if (draft?.seq !== stored.seq || !this.#isListed(set)) return undefined
    this.#draft = undefined
    const { exactMs, ...said } = draft
    const document = writeBeacon({ ...said, meshId: set.charter.meshId })
    const text = this.#sign(set, document, exactMs)
    this.#last = decodeBeacon(witnessContext(set), text)
    return { beacon: this.#last, timeMs: exactMs }
  }

  /**
   * Takes the next number of a checkpoint, when there is something new and the last one is a few seconds old; gives the state to be
   * made durable. One that was cut short comes again as it was, until it is in the set.
   */
  prepareCheckpoint(question: DutyQuestion): WitnessState | undefined {
    const { set, nowMs } = question
    const { did } = this.#witness
    const dueMs = this.checkpointDueMs(set, nowMs)
    if (dueMs === undefined || nowMs < dueMs) return undefined
    const timeMs = this.#timeMs(question)
    const latest = this.#latestEpoch(set)
    const open = this.#state.checkpoint
    const isOpen = open !== undefined && open.epoch > latest
    const checkpoint = isOpen ? open : nextCheckpoint(set, did, timeMs)
    // Also where there is nothing to say: a log that was forked can be shorter than what is in it.
    this.#checkpointAtMs = nowMs
    if (checkpoint === undefined) return undefined
    this.#isFirst = false
    this.#state = { ...this.#state, timeMs, checkpoint }
    return this.#state
  }

  /** Signs the checkpoint that is durable now, as a record for every set; undefined when it is not the one that is open. */
  signCheckpoint(set: RecordSet, { checkpoint }: WitnessState): string | undefined {
    const open = this.#state.checkpoint
    if (open === undefined || open.text !== checkpoint?.text || !this.#isListed(set)) {
      return undefined
    }
    const document = parseCanonicalJson(open.text, DRAFT_LIMITS)
    if (!isJsonObject(document)) throw new Error('a draft is what was written here')
    return this.#sign(set, document, this.#state.timeMs)
  }

  /** Answers a challenge; undefined before the first beacon of this boot. */
  respond(nonce: Uint8Array, question: DutyQuestion): OwnResponse | undefined {
    const { set } = question
    const beacon = this.#last
    if (beacon === undefined || !this.#isListed(set)) return undefined
    const timeMs = this.#timeMs(question)
    const { suite, charter } = set
    const { meshId } = charter
    const text = signResponse({ suite, meshId, witness: this.#witness, nonce, beacon, timeMs })
    return { text, beaconText: beacon.text }
  }

  #latestEpoch(set: RecordSet): number {
    return set.logs.latest(this.#witness.did)?.epoch ?? 0
  }

  #isListed({ suite, tree }: RecordSet): boolean {
    if (this.#listing?.tree !== tree) {
      const own = pairName(suite, publicPair(this.#witness))
      const isListed = tree.tip.witnesses.some((pair) => pairName(suite, pair) === own)
      this.#listing = { tree, isListed }
    }
    return this.#listing.isListed
  }

  #timeMs({ set, nowMs, meshTime }: DutyQuestion): number {
    const { createdMs, freshness } = set.charter
    if (meshTime !== undefined) this.#follow(meshTime, freshness.skewMs, nowMs)
    this.#clock = this.#clock.advance(createdMs, nowMs)
    this.#readMs = nowMs
    return Math.min(Math.floor(this.#clock.read(nowMs)), TIME_MS_MAX)
  }

  #follow({ earliestMs, latestMs }: MeshTimeSpan, skewMs: number, nowMs: number): void {
    // By the earliest that the others' time can be: else two witnesses would push each other on by the way of an answer.
    this.#clock = this.#isFirst
      ? SteadyClock.at(earliestMs, nowMs)
      : this.#clock.advance(earliestMs, nowMs)
    const timeMs = this.#clock.read(nowMs)
    const aheadMs = timeMs - latestMs
    // Two clocks drift apart without end. Further ahead than the skew is no drift: somebody has vouched for another time.
    if (aheadMs <= skewMs / 2 || aheadMs > skewMs) return
    // It never stands still: those who are behind may be hostile, and what is old would look new by a clock that they hold.
    const waitMs = Math.min(aheadMs - skewMs / 2, (nowMs - this.#readMs) * WAIT_SHARE)
    this.#clock = SteadyClock.at(timeMs - waitMs, nowMs)
  }

  #sign({ suite }: RecordSet, document: JsonObject, createdMs: number): string {
    return canonicalJson(signByAdmins({ suite, document, signers: [this.#witness], createdMs }))
  }
}
