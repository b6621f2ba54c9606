import type { RandomSource } from '@warren/core'
import type { FreshnessJudgement } from '../freshness/freshness-judgement.ts'
import type { WitnessDuty } from '../freshness/witness-duty.ts'
import { MembershipError } from '../membership-error.ts'
import type { Beacon } from '../records/beacon.ts'
import type { IslandRecord } from '../records/mesh-record.ts'
import { isFatal, type RecordSet } from '../set/record-set.ts'
import { affectedDids } from './affected-dids.ts'
import { Exchange, type ExchangeHost } from './exchange.ts'
import { Neighbour } from './neighbour.ts'
import { PushedCopies } from './pushed-copies.ts'
import { type Intake, RecordIntake } from './record-intake.ts'
import { RecordSpread } from './record-spread.ts'
import { type Source, StoreQueue, toldAbout } from './store-queue.ts'
import type { SyncEffect } from './sync-effect.ts'
import type { SyncEvent } from './sync-event.ts'
import { SYNC_LIMITS, type SyncLimits } from './sync-limits.ts'
import { Pulse, type PulseOutcome } from './pulse.ts'
import {
  encodeSyncMessage,
  isPulse,
  parseSyncMessage,
  type RecordMessage,
  type SyncMessage,
} from './sync-message.ts'

const LINK: Source = { from: 'link' }

export interface RecordSyncInit {
  /** What was durable when the node started. */
  readonly set: RecordSet
  readonly random: RandomSource
  /** On the monotonic clock. */
  readonly nowMs: number
  /** The newest beacons that were known before this boot. */
  readonly bounds?: readonly Beacon[]
  /** Where this node is a witness. */
  readonly duty?: WitnessDuty | undefined
  readonly limits?: Partial<SyncLimits>
}

/**
 * How records travel: pushed to neighbours the moment they are durable, by gossip, and by comparing sets
 * on every new connection and every few seconds.
 *
 * A state machine: an event and a time go in, effects come out. A neighbour can make it do no more than its limits
 * say, and can take nothing away from it but its own connection.
 */
export class RecordSync {
  readonly #limits: SyncLimits
  readonly #neighbours = new Map<string, Neighbour>()
  readonly #store: StoreQueue
  readonly #spread: RecordSpread
  readonly #pulse: Pulse
  readonly #intake: RecordIntake
  readonly #copies: PushedCopies
  readonly #exchange: Exchange
  #effects: SyncEffect[] = []
  #nowMs = 0
  #headsAtMs: number | undefined
  #announceAtMs: number | undefined
  #retryAtMs: number | undefined

  constructor({ set, random, nowMs, bounds = [], duty, limits = {} }: RecordSyncInit) {
    this.#nowMs = nowMs
    this.#limits = { ...SYNC_LIMITS, ...limits }
    this.#intake = new RecordIntake(set, this.#limits)
    this.#copies = new PushedCopies(set.suite, this.#limits)
    this.#store = new StoreQueue(set)
    this.#spread = new RecordSpread(this.#neighbours, random, this.#limits)
    this.#exchange = new Exchange(this.#exchangeHost())
    this.#pulse = new Pulse({
      neighbours: this.#neighbours,
      random,
      limits: this.#limits,
      set,
      hasHadRoot: (root) => this.#intake.hasHadRoot(root),
      bounds,
      duty,
      nowMs,
    })
  }

  get set(): RecordSet {
    return this.#intake.set
  }

  /** How fresh what this node knows is. `islands`: the grants of its own enclave. */
  judge(nowMs: number, islands: readonly IslandRecord[] = []): FreshnessJudgement {
    return this.#pulse.judge(nowMs, islands)
  }

  /** Mesh time; undefined until enough witnesses have answered a challenge of this boot. */
  meshTimeMs(nowMs: number): number | undefined {
    return this.#pulse.meshTimeMs(nowMs)
  }

  /** The newest beacon that was heard of each witness in force. */
  beacons(): readonly Beacon[] {
    return this.#pulse.beacons()
  }

  /** Takes one event at a time on the monotonic clock and says what is to be done, in this order. */
  handle(event: SyncEvent, nowMs: number): readonly SyncEffect[] {
    this.#nowMs = nowMs
    this.#take(event)
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  #take(event: SyncEvent): void {
    switch (event.type) {
      case 'connected':
        this.#connected(event.link, event.did)
        break
      case 'disconnected':
        this.#neighbours.delete(event.link)
        break
      case 'message':
        this.#message(event.link, event.bytes)
        break
      case 'gossip':
        this.#gossip(event.ref, event.bytes)
        break
      case 'stored':
        this.#stored(event.batch)
        break
      case 'store-failed':
        this.#storeFailed(event.batch)
        break
      case 'submit':
        this.#submit(event.ref, event.texts)
        break
      case 'offer':
        this.#offer(event.ref, event.texts)
        break
      case 'reserved':
        this.#come(this.#pulse.reserved(event.what, event.state, this.#nowMs))
        break
      case 'wake':
        this.#wake()
        break
    }
    this.#settleReady()
    this.#askToBeWoken()
  }

  #exchangeHost(): ExchangeHost {
    const limits = this.#limits
    const set = (): RecordSet => this.#intake.set
    const durable = (): RecordSet => this.#store.durable
    const nowMs = (): number => this.#nowMs
    return {
      limits,
      get set() {
        return set()
      },
      get durable() {
        return durable()
      },
      get nowMs() {
        return nowMs()
      },
      accept: (texts) => this.#accept(texts, LINK),
      emit: (effect) => this.#effects.push(effect),
    }
  }

  /** What an administrator made here: each text is answered for, and the whole again once it is durable. */
  #submit(ref: number, texts: readonly string[]): void {
    const { ids, added, refused } = this.#accept(texts, { from: 'here', ref })
    this.#effects.push({ type: 'judged', ref, ids, refused: refused.map(({ error }) => error) })
    if (added.length > 0) return
    // Known is not written: an earlier attempt may have found the disk full.
    const durable = ids.every((id) => this.#store.durable.has(id))
    this.#effects.push({ type: 'submitted', ref, durable })
  }

  #offer(ref: number, texts: readonly string[]): void {
    const { ids, refused } = this.#accept(texts, LINK)
    this.#effects.push({ type: 'judged', ref, ids, refused: refused.map(({ error }) => error) })
  }

  #connected(link: string, did: string): void {
    if (this.#neighbours.size >= this.#limits.linksMax) {
      this.#effects.push({ type: 'cut', link, code: 'links-exhausted' })
      return
    }
    const neighbour = new Neighbour(link, did, this.#limits)
    this.#neighbours.set(link, neighbour)
    this.#headsAtMs ??= this.#nowMs + this.#limits.headsMs
    this.#exchange.begin(neighbour)
    for (const message of this.#pulse.greet(false)) this.#send(neighbour, message)
  }

  #message(link: string, bytes: Uint8Array): void {
    const neighbour = this.#neighbours.get(link)
    // It was cut a moment ago, and this was on its way.
    if (neighbour === undefined) return
    const copied = this.#copies.idsIn(bytes)
    if (copied !== undefined) {
      neighbour.learnt(copied)
      return
    }
    try {
      const message = parseSyncMessage(bytes, this.#limits.messageBytesMax)
      if (isPulse(message)) this.#come(this.#pulse.hear(neighbour, message, this.#nowMs))
      else {
        this.#exchange.hear(neighbour, message)
        this.#noteCopies(bytes, message)
      }
    } catch (error) {
      if (!(error instanceof MembershipError)) throw error
      this.#cut(neighbour, error.code)
    }
  }

  #gossip(ref: number, bytes: Uint8Array): void {
    const { wasAdded, isBad } = this.#hearGossip(ref, bytes)
    // What was taken up of it is answered for when it is durable.
    if (wasAdded) return
    this.#effects.push({ type: 'verdict', ref, verdict: isBad ? 'reject' : 'ignore' })
  }

  #hearGossip(
    ref: number,
    bytes: Uint8Array,
  ): { readonly wasAdded: boolean; readonly isBad: boolean } {
    if (this.#copies.idsIn(bytes) !== undefined) return { wasAdded: false, isBad: false }
    try {
      const message = parseSyncMessage(bytes, this.#limits.messageBytesMax)
      if (message.type !== 'records') return { wasAdded: false, isBad: true }
      const { added, refused } = this.#accept(message.texts, { from: 'gossip', ref })
      this.#noteCopies(bytes, message)
      return { wasAdded: added.length > 0, isBad: refused.some(isFatal) }
    } catch (error) {
      if (!(error instanceof MembershipError)) throw error
      return { wasAdded: false, isBad: true }
    }
  }

  /** Of what was pushed whole, and is known whole, a copy says nothing but that its sender has it too. */
  #noteCopies(bytes: Uint8Array, message: RecordMessage): void {
    const isPush = message.type === 'records' && message.answer === 'none'
    if (!isPush || !this.#copies.takes(bytes)) return
    const ids = this.#intake.knownIds(message.texts)
    if (ids !== undefined) this.#copies.add(bytes, ids)
  }

  /** Takes up what is valid. What takes away acts at once; what is passed on waits until it is durable. */
  #accept(texts: readonly string[], source: Source): Intake {
    const before = this.set
    const intake = this.#intake.accept(texts, { isStrict: source.from !== 'here' })
    if (intake.added.length > 0) {
      this.#effects.push({
        type: 'changed',
        dids: affectedDids({ before, after: this.set, added: intake.added }),
      })
      this.#pulse.changed(this.set, this.#nowMs)
      // A message that was good in part is not passed on by gossip as it came.
      const isWhole = source.from !== 'gossip' || !intake.refused.some(isFatal)
      if (!isWhole) this.#effects.push(...toldAbout({ records: [], source }, 'reject'))
      const batch = { records: intake.added, source: isWhole ? source : LINK }
      this.#effects.push(this.#store.store(batch))
    }
    return intake
  }

  #stored(number: number): void {
    const stored = this.#store.stored(number, this.set)
    if (stored === undefined) return
    const { batch, records } = stored
    this.#effects.push(...toldAbout(batch, 'accept'))
    if (records.length === 0) return
    this.#effects.push(...this.#spread.passOn(records, batch.source.from === 'here'))
    this.#announceAtMs ??= this.#nowMs + this.#limits.announceMs
  }

  #storeFailed(number: number): void {
    const batch = this.#store.take(number)
    if (batch === undefined) return
    this.#effects.push(...toldAbout(batch, 'ignore'))
    this.#store.keep(batch)
    this.#retryAtMs ??= this.#nowMs + this.#limits.retryStoreMs
    const message = 'records are in force here, and not passed on: they could not be written'
    this.#effects.push({ type: 'alarm', code: 'records-not-durable', message })
  }

  #wake(): void {
    const now = this.#nowMs
    if (this.#announceAtMs !== undefined && now >= this.#announceAtMs) {
      this.#announceAtMs = undefined
      this.#effects.push(...this.#spread.announce(this.#store.durable))
    }
    if (this.#headsAtMs !== undefined && now >= this.#headsAtMs) this.#showHeads()
    this.#come(this.#pulse.wake(now))
    if (this.#retryAtMs !== undefined && now >= this.#retryAtMs) {
      this.#retryAtMs = undefined
      this.#effects.push(...this.#store.retry(this.set))
    }
    for (const neighbour of this.#neighbours.values()) {
      const { owesByMs } = neighbour
      if (owesByMs !== undefined && now >= owesByMs) this.#cut(neighbour, 'records-silent')
    }
  }

  /** Takes over what the pulse wants done; the records that come of it are made here. */
  #come({ effects, records }: PulseOutcome): void {
    this.#effects.push(...effects)
    if (records.length > 0) this.#accept(records, { from: 'here', ref: undefined })
  }

  #showHeads(): void {
    const neighbour = this.#spread.anyone()
    this.#headsAtMs = neighbour === undefined ? undefined : this.#nowMs + this.#limits.headsMs
    if (neighbour === undefined) return
    this.#exchange.askHeads(neighbour)
    for (const message of this.#pulse.greet(true)) this.#send(neighbour, message)
  }

  /** A node that has just started waits a moment longer: it could allow nothing yet. */
  #settleReady(): void {
    const { isBooting } = this.#pulse
    for (const neighbour of this.#neighbours.values()) {
      if (!neighbour.maySettle(isBooting, this.#nowMs)) continue
      neighbour.isSettled = true
      this.#effects.push({ type: 'settle', link: neighbour.link })
    }
  }

  #cut(neighbour: Neighbour, code: string): void {
    this.#neighbours.delete(neighbour.link)
    this.#effects.push({ type: 'cut', link: neighbour.link, code })
  }

  #send(neighbour: Neighbour, message: SyncMessage): void {
    this.#effects.push({ type: 'send', link: neighbour.link, bytes: encodeSyncMessage(message) })
  }

  #askToBeWoken(): void {
    const own = [this.#headsAtMs, this.#announceAtMs, this.#retryAtMs]
    let atMs = this.#pulse.dueMs(this.#nowMs) ?? Number.POSITIVE_INFINITY
    for (const time of own) if (time !== undefined) atMs = Math.min(atMs, time)
    for (const neighbour of this.#neighbours.values()) atMs = Math.min(atMs, neighbour.dueMs())
    if (Number.isFinite(atMs)) this.#effects.push({ type: 'wake', atMs })
  }
}
