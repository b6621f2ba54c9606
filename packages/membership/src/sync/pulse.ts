import { BoundedMap, type RandomSource } from '@warren/core'
import type { Did } from '@warren/identity'
import { multibaseText } from '../byte-text.ts'
import { decodeBeacon, readClaimedBeacon, witnessContext } from '../freshness/decode-beacon.ts'
import { decodeChallenge, decodeResponse, encodeChallenge } from '../freshness/fresh-response.ts'
import { Freshness, type Observation } from '../freshness/freshness.ts'
import type { FreshnessJudgement } from '../freshness/freshness-judgement.ts'
import type { DutyQuestion, WitnessDuty, WitnessState } from '../freshness/witness-duty.ts'
import type { HeardRefusal } from '../freshness/witness-entry.ts'
import { panelOf } from '../freshness/witness-panel.ts'
import { MembershipError, type MembershipErrorCode } from '../membership-error.ts'
import type { Beacon } from '../records/beacon.ts'
import type { IslandRecord } from '../records/mesh-record.ts'
import type { RecordSet } from '../set/record-set.ts'
import { Allowance } from './allowance.ts'
import { ChallengeRelay } from './challenge-relay.ts'
import { chooseSome } from './choose-some.ts'
import type { Neighbour } from './neighbour.ts'
import type { SyncEffect } from './sync-effect.ts'
import type { SyncLimits } from './sync-limits.ts'
import {
  encodeSyncMessage,
  type PulseMessage,
  type SyncMessage,
  WITNESSES_MAX,
} from './sync-message.ts'

export interface PulseInit {
  readonly neighbours: ReadonlyMap<string, Neighbour>
  readonly random: RandomSource
  readonly limits: SyncLimits
  readonly set: RecordSet
  readonly hasHadRoot: (root: string) => boolean
  /** The newest beacons that were known before this boot. */
  readonly bounds: readonly Beacon[]
  /** Where this node is a witness. */
  readonly duty: WitnessDuty | undefined
  readonly nowMs: number
}

/** What the pulse wants of the exchange that it is part of. */
export interface PulseOutcome {
  readonly effects: readonly SyncEffect[]
  /** Records that have come of it: checkpoints of this witness, proofs that another one lies. */
  readonly records: readonly string[]
}

const NONCE_BYTES = 32
const NOTHING: PulseOutcome = { effects: [], records: [] }
/** What another node may pass on in good faith: it knows other witnesses, or the answer came twice or late. */
const FORGIVEN: ReadonlySet<MembershipErrorCode> = new Set(['signer-unknown', 'nonce-unknown'])
/** Of what is refused: what proves that its witness lies, and what moves time forward. */
const IS_LOOKED_AT: ReadonlySet<HeardRefusal> = new Set(['beacon-forked', 'beacon-future'])

/**
 * How a node stays fresh: beacons from neighbour to neighbour, challenges towards witnesses and answers back,
 * and, where the node is a witness itself, what it has to say.
 *
 * A neighbour can withhold all of it, and then this node grows stale; it can make nothing of it look newer.
 */
export class Pulse {
  readonly #init: PulseInit
  readonly #duty: WitnessDuty | undefined
  readonly #relay: ChallengeRelay
  /** Of witnesses in force. */
  readonly #paces = new BoundedMap<Did, Allowance>(WITNESSES_MAX)
  #freshness: Freshness
  #set: RecordSet
  /** Until when this witness lets new records spread. */
  #pausesUntilMs: number | undefined

  constructor(init: PulseInit) {
    const { set, hasHadRoot, bounds, nowMs, duty } = init
    this.#init = init
    this.#set = set
    this.#duty = duty
    this.#relay = new ChallengeRelay(init)
    this.#freshness = Freshness.boot({ panel: panelOf(set, hasHadRoot), bounds, nowMs })
  }

  judge(nowMs: number, islands: readonly IslandRecord[]): FreshnessJudgement {
    return this.#freshness.judge(nowMs, islands)
  }

  meshTimeMs(nowMs: number): number | undefined {
    return this.#freshness.meshTimeMs(nowMs)
  }

  /** The newest beacon of each witness in force. */
  beacons(): readonly Beacon[] {
    return this.#freshness.bounds()
  }

  /** Whether witnesses have yet to answer for the first time since this node started. */
  get isBooting(): boolean {
    return this.#set.tree.tip.kWitness > 0 && !this.#freshness.hasMeshTime
  }

  /** When the pulse has something to do next. */
  dueMs(nowMs: number): number | undefined {
    if (this.#set.tree.tip.kWitness === 0) return undefined
    const challengeMs =
      this.#init.neighbours.size === 0 ? undefined : this.#freshness.challengeDueMs(nowMs)
    const times = [challengeMs, ...this.#dutyDueMs(nowMs)]
    const known = times.flatMap((time) => (time === undefined ? [] : [time]))
    return known.length === 0 ? undefined : Math.min(...known)
  }

  /** The set has grown: what was not covered may be now, and who counts may be others. */
  changed(set: RecordSet, nowMs: number): void {
    this.#set = set
    // From the first of several: more that come meanwhile put nothing off.
    if (this.#duty !== undefined) {
      this.#pausesUntilMs ??= nowMs + this.#init.limits.witnessPauseMs
    }
    this.#freshness = this.#freshness.recheck(panelOf(set, this.#init.hasHadRoot), nowMs)
  }

  /** Does what is due. */
  wake(nowMs: number): PulseOutcome {
    if (this.#set.tree.tip.kWitness === 0) return NOTHING
    const effects = [...this.#prepare(nowMs)]
    const { neighbours } = this.#init
    if (neighbours.size > 0 && nowMs >= this.#freshness.challengeDueMs(nowMs)) {
      effects.push(...this.#challenge(nowMs))
    }
    return { effects, records: [] }
  }

  /**
   * When a witness has something to say, or may say what is new: what it has to say must not stand in the way of that. What it
   * has begun is not put off: else so many changes that one falls into each making would keep it from ever ending one.
   */
  #dutyDueMs(nowMs: number): readonly (number | undefined)[] {
    const pausesMs = this.#pausesUntilMs
    const beaconMs = this.#duty?.beaconDueMs(this.#set, nowMs)
    if (pausesMs === undefined) return [beaconMs, this.#duty?.checkpointDueMs(this.#set, nowMs)]
    return this.#duty?.isMakingBeacon === true ? [beaconMs, pausesMs] : [pausesMs]
  }

  #dutyQuestion(nowMs: number): DutyQuestion {
    return { set: this.#set, nowMs, meshTime: this.#freshness.meshTimeSpan(nowMs) }
  }

  /** Takes the numbers of what a witness has to say now. */
  #prepare(nowMs: number): readonly SyncEffect[] {
    const isPausing = this.#pausesUntilMs !== undefined && nowMs < this.#pausesUntilMs
    if (isPausing && this.#duty?.isMakingBeacon !== true) return []
    const effects: SyncEffect[] = []
    const question = this.#dutyQuestion(nowMs)
    const state = this.#duty?.prepareBeacon(question)
    if (state !== undefined) effects.push({ type: 'reserve', what: 'beacon', state })
    if (isPausing) return effects
    this.#pausesUntilMs = undefined
    const log = this.#duty?.prepareCheckpoint(question)
    if (log !== undefined) effects.push({ type: 'reserve', what: 'checkpoint', state: log })
    return effects
  }

  /** The number of a statement is durable: now it may be signed. */
  reserved(what: 'beacon' | 'checkpoint', state: WitnessState, nowMs: number): PulseOutcome {
    const duty = this.#duty
    if (duty === undefined) return NOTHING
    if (what === 'checkpoint') {
      const text = duty.signCheckpoint(this.#set, state)
      return { effects: [], records: text === undefined ? [] : [text] }
    }
    const own = duty.signBeacon(this.#set, state)
    if (own === undefined) return NOTHING
    const outcome = this.#observed(this.#freshness.observeOwn(own, nowMs))
    return {
      effects: [
        ...outcome.effects,
        ...this.#spread(own.beacon, undefined, Number.POSITIVE_INFINITY),
      ],
      records: outcome.records,
    }
  }

  /**
   * Which beacons this node has; `reply` asks for the same, and each side sends what the other lacks. Where
   * there are no witnesses there is nothing to say.
   */
  greet(reply: boolean): readonly SyncMessage[] {
    if (this.#set.tree.tip.kWitness === 0) return []
    const seqs = this.#freshness.bounds().map(({ witness, seq }) => ({ witness, seq }))
    return [{ type: 'seqs', seqs, reply }]
  }

  /**
   * Hears a neighbour.
   *
   * @throws MembershipError when it says what no honest neighbour would
   */
  hear(neighbour: Neighbour, message: PulseMessage, nowMs: number): PulseOutcome {
    if (message.type === 'beacons') return this.#hearBeacons(neighbour, message.texts, nowMs)
    if (message.type === 'answer') return this.#hearAnswer(message, nowMs)
    const effects =
      message.type === 'seqs'
        ? this.#hearSeqs(neighbour, message)
        : this.#hearChallenge(neighbour, message, nowMs)
    return { effects, records: [] }
  }

  #hearSeqs(
    neighbour: Neighbour,
    { seqs, reply }: Extract<PulseMessage, { type: 'seqs' }>,
  ): readonly SyncEffect[] {
    const theirs = new Map(seqs.map(({ witness, seq }) => [witness, seq]))
    const newer = this.#freshness
      .bounds()
      .filter(({ witness, seq }) => seq > (theirs.get(witness) ?? 0))
    const messages: SyncMessage[] = []
    if (newer.length > 0) messages.push({ type: 'beacons', texts: newer.map(({ text }) => text) })
    if (reply) messages.push(...this.greet(false))
    return messages.map((message) => sendTo(neighbour, message))
  }

  #hearBeacons(neighbour: Neighbour, texts: readonly string[], nowMs: number): PulseOutcome {
    const effects: SyncEffect[] = []
    const records: string[] = []
    for (const text of texts) {
      const beacon = this.#readNews(text, nowMs)
      if (beacon === undefined) continue
      this.#duty?.heard(beacon, nowMs)
      const observation = this.#freshness.observeBeacon(beacon, nowMs)
      const outcome = this.#observed(observation)
      effects.push(...outcome.effects)
      records.push(...outcome.records)
      const { status } = observation.outcome
      const isNews = status === 'counts' || status === 'held'
      if (isNews) effects.push(...this.#spread(beacon, neighbour, this.#init.limits.relayMax))
    }
    return { effects, records }
  }

  /** A beacon that changes something; what does not is left before it costs a signature. */
  #readNews(text: string, nowMs: number): Beacon | undefined {
    // The one that is held already needs no second look.
    if (this.#freshness.bounds().some((beacon) => beacon.text === text)) return undefined
    const context = witnessContext(this.#set)
    const claimed = readClaimedBeacon(context, text)
    const { outcome } = this.#freshness.observeBeacon(claimed, nowMs)
    if (outcome.status === 'known') return undefined
    if (outcome.status === 'refused' && !IS_LOOKED_AT.has(outcome.code)) return undefined
    const pace = this.#paceOf(claimed.witness)
    if (!pace.has(nowMs)) return undefined
    const beacon = unlessForgiven(() => decodeBeacon(context, text))
    // Only what the witness has signed is held against it.
    if (beacon !== undefined) pace.take(nowMs)
    return beacon
  }

  #paceOf(witness: Did): Allowance {
    const { beaconsMax: countMax, beaconPauseMs: pauseMs } = this.#init.limits
    const pace = this.#paces.get(witness) ?? new Allowance({ countMax, pauseMs })
    this.#paces.set(witness, pace)
    return pace
  }

  #hearChallenge(
    neighbour: Neighbour,
    { text, hops }: Extract<PulseMessage, { type: 'challenge' }>,
    nowMs: number,
  ): readonly SyncEffect[] {
    if (!neighbour.asks.take(nowMs)) return []
    const nonce = decodeChallenge(this.#set.charter.meshId, text)
    const name = multibaseText(nonce)
    if (this.#freshness.isOpen(name, nowMs)) return []
    if (!this.#relay.came(name, neighbour, nowMs)) return []
    const question = this.#dutyQuestion(nowMs)
    const own = this.#duty?.respond(nonce, question)
    const effects: SyncEffect[] = []
    if (own !== undefined) effects.push(sendTo(neighbour, { type: 'answer', nonce: name, ...own }))
    const { to, message } = this.#relay.passOn({ nonce: name, text, hops }, neighbour, question)
    return [...effects, ...sendToAll(to, message)]
  }

  /** Looked into by each node on its way, so that whoever forges one is cut, and nobody who passed it on in good faith. */
  #hearAnswer(message: Extract<PulseMessage, { type: 'answer' }>, nowMs: number): PulseOutcome {
    const { nonce, text, beaconText } = message
    const isOwn = this.#freshness.isOpen(nonce, nowMs)
    const asker = isOwn ? this.#freshness : this.#relay
    const isAwaited = (name: string, witness: Did): boolean =>
      name === nonce && asker.awaits(name, witness, nowMs)
    const knownBeacon = this.#freshness.bounds().find((beacon) => beacon.text === beaconText)
    const response = unlessForgiven(() =>
      decodeResponse(witnessContext(this.#set), { text, beaconText, knownBeacon, isAwaited }),
    )
    if (response === undefined) return NOTHING
    if (!isOwn) {
      const askers = this.#relay.passBack(response, nowMs)
      return { effects: sendToAll(askers, message), records: [] }
    }
    this.#duty?.heard(response.beacon, nowMs)
    return this.#observed(this.#freshness.observeResponse(response, nowMs))
  }

  #challenge(nowMs: number): readonly SyncEffect[] {
    const nonce = this.#init.random.randomBytes(NONCE_BYTES)
    this.#freshness = this.#freshness.openNonce(multibaseText(nonce), nowMs)
    const text = encodeChallenge(this.#set.charter.meshId, nonce)
    const message: SyncMessage = { type: 'challenge', text, hops: this.#init.limits.challengeHops }
    return sendToAll(this.#relay.towardsWitnesses(this.#set), message)
  }

  #observed({ freshness, outcome, forkProof }: Observation): PulseOutcome {
    this.#freshness = freshness
    const isNews = outcome.status === 'counts' || outcome.status === 'held'
    return {
      effects: isNews ? [{ type: 'keep', beacons: freshness.bounds() }] : [],
      records: forkProof === undefined ? [] : [forkProof],
    }
  }

  #spread(beacon: Beacon, from: Neighbour | undefined, countMax: number): readonly SyncEffect[] {
    const message: SyncMessage = { type: 'beacons', texts: [beacon.text] }
    const others = [...this.#init.neighbours.values()].filter((each) => each !== from)
    return sendToAll(chooseSome(this.#init.random, others, countMax), message)
  }
}

function sendTo(neighbour: Neighbour, message: SyncMessage): SyncEffect {
  return sendBytes(neighbour, encodeSyncMessage(message))
}

/** Written once, however many it goes to. */
function sendToAll(neighbours: readonly Neighbour[], message: SyncMessage): readonly SyncEffect[] {
  if (neighbours.length === 0) return []
  const bytes = encodeSyncMessage(message)
  return neighbours.map((neighbour) => sendBytes(neighbour, bytes))
}

function sendBytes({ link }: Neighbour, bytes: Uint8Array): SyncEffect {
  return { type: 'send', link, bytes }
}

function unlessForgiven<Read>(read: () => Read): Read | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof MembershipError && FORGIVEN.has(error.code)) return undefined
    throw error
  }
}
