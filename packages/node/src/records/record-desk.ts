import type { Clock } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import {
  type Beacon,
  classOf,
  type FreshnessJudgement,
  type IslandRecord,
  type MembershipError,
  type MeshRecord,
  type RecordSet,
  RecordSync,
  type SyncEffect,
  type SyncEvent,
  type WitnessDuty,
  waitsForOthers,
} from '@warren/membership'
import {
  type GossipVerdict,
  NetworkError,
  type RecordLink,
  type RecordsPort,
} from '@warren/network'
import { type RecordWriter, StorageError, type StoredRecord } from '@warren/storage'
import type { Report } from '../node-event.ts'
import type { WitnessLedger } from './witness-ledger.ts'

export interface RecordDeskInit {
  readonly suite: CryptoSuite
  readonly clock: Clock
  /** What was durable when the node started. */
  readonly set: RecordSet
  readonly writer: Pick<RecordWriter, 'add'>
  readonly report: Report
  /** The newest beacons that were known when the node last ran. */
  readonly bounds: readonly Beacon[]
  /** Where this node is a witness. */
  readonly duty: WitnessDuty | undefined
  readonly ledger: Pick<WitnessLedger, 'reserve' | 'keep'>
  /** Says something to the whole mesh. */
  readonly publish: (bytes: Uint8Array) => Promise<unknown>
  /** Called at once when what is said of these DIDs may have changed, with the moment at which that came to this node. */
  readonly onChanged: (dids: readonly string[] | 'all', arrivedMs: number) => void
  /** Called with records that were not known before. */
  readonly onAccepted?: (records: readonly MeshRecord[]) => void
}

/** What came of records that were made on this machine. */
export interface Submission {
  readonly ids: readonly string[]
  readonly refused: readonly MembershipError[]
  /** False when they are in force here and could not be written. */
  readonly durable: boolean
}

type LinkEffect = Extract<SyncEffect, { type: 'send' | 'settle' | 'cut' }>

/** Longer ones are pushed to neighbours and not said by gossip. */
const GOSSIP_BYTES_MAX = 65_536
/** Timers of Node fire at once when they are set further ahead. */
const TIMER_MS_MAX = 60_000

/** Runs the exchange of records of a node: events in from sockets, store and clock, effects out to them. */
export class RecordDesk implements RecordsPort {
  readonly #init: RecordDeskInit
  readonly #sync: RecordSync
  readonly #links = new Map<string, RecordLink>()
  readonly #verdicts = new Map<number, (verdict: GossipVerdict) => void>()
  readonly #judged = new Map<number, Extract<SyncEffect, { type: 'judged' }>>()
  readonly #submissions = new Map<number, (durable: boolean) => void>()
  readonly #writing = new Set<Promise<void>>()
  #ref = 0
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(init: RecordDeskInit) {
    this.#init = init
    const { set, suite: random, bounds, duty, clock } = init
    this.#sync = new RecordSync({ set, random, bounds, duty, nowMs: clock.monotonicMs() })
  }

  get set(): RecordSet {
    return this.#sync.set
  }

  /** How fresh what this node knows is. `islands`: the grants of its own enclave. */
  judge(islands: readonly IslandRecord[]): FreshnessJudgement {
    return this.#sync.judge(this.#init.clock.monotonicMs(), islands)
  }

  /** Mesh time; undefined until enough witnesses have answered a challenge of this boot. */
  meshTimeMs(): number | undefined {
    return this.#sync.meshTimeMs(this.#init.clock.monotonicMs())
  }

  /** The newest beacon that was heard of each witness in force. */
  beacons(): readonly Beacon[] {
    return this.#sync.beacons()
  }

  /** Begins what a node does without being asked. */
  start(): void {
    this.#take({ type: 'wake' })
  }

  connected(link: RecordLink): void {
    this.#links.set(link.id, link)
    this.#take({ type: 'connected', link: link.id, did: link.did })
  }

  // oxlint-disable-next-line require-await -- the port is asynchronous; what one message costs is bounded
  async message(link: RecordLink, bytes: Uint8Array): Promise<void> {
    this.#take({ type: 'message', link: link.id, bytes })
  }

  disconnected(link: RecordLink): void {
    this.#links.delete(link.id)
    this.#take({ type: 'disconnected', link: link.id })
  }

  /** Judges what came by gossip; settles once it is durable, so that nothing is passed on before. */
  async judgeGossip(bytes: Uint8Array): Promise<GossipVerdict> {
    const ref = this.#nextRef()
    const { promise, resolve } = Promise.withResolvers<GossipVerdict>()
    this.#verdicts.set(ref, resolve)
    this.#take({ type: 'gossip', ref, bytes })
    return promise
  }

  /** Takes up records made on this machine; settles once they are durable and on their way to every neighbour. */
  async submit(texts: readonly string[]): Promise<Submission> {
    const ref = this.#nextRef()
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#submissions.set(ref, resolve)
    this.#take({ type: 'submit', ref, texts })
    const judged = this.#judged.get(ref)
    this.#judged.delete(ref)
    return { ids: judged?.ids ?? [], refused: judged?.refused ?? [], durable: await promise }
  }

  /**
   * Takes up what somebody shows to be admitted by, and returns the ids of it.
   *
   * @throws MembershipError the first reason for which one of them is refused; before others one that nothing can mend
   */
  offer(texts: readonly string[]): readonly string[] {
    const ref = this.#nextRef()
    this.#take({ type: 'offer', ref, texts })
    const judged = this.#judged.get(ref)
    this.#judged.delete(ref)
    const { refused = [], ids = [] } = judged ?? {}
    const [first] = [...refused.filter((error) => !waitsForOthers(error)), ...refused]
    if (first !== undefined) throw first
    return ids
  }

  /** Ends the timer, waits for what is being written, and leaves nobody waiting for an answer. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await Promise.all(this.#writing)
    for (const settle of this.#verdicts.values()) settle('ignore')
    for (const settle of this.#submissions.values()) settle(false)
    this.#verdicts.clear()
    this.#submissions.clear()
  }

  #nextRef(): number {
    this.#ref += 1
    return this.#ref
  }

  #take(event: SyncEvent): void {
    if (this.#stopped) return
    const nowMs = this.#init.clock.monotonicMs()
    for (const effect of this.#sync.handle(event, nowMs)) this.#do(effect, nowMs)
  }

  #do(effect: SyncEffect, arrivedMs: number): void {
    if (effect.type === 'changed') this.#changed(effect.dids, arrivedMs)
    else if (effect.type === 'store') this.#store(effect.batch, effect.records)
    else if (effect.type === 'wake') this.#wakeAt(effect.atMs)
    else if (isOfLink(effect)) this.#onLink(effect)
    else if (effect.type === 'reserve' || effect.type === 'keep') this.#onLedger(effect)
    else this.#tell(effect)
  }

  /** Whatever goes wrong in what follows from a record, the record is written down and passed on. */
  #changed(dids: readonly string[] | 'all', arrivedMs: number): void {
    const { onChanged, report } = this.#init
    try {
      onChanged(dids, arrivedMs)
    } catch (error) {
      report({ event: 'defect', level: 'error', message: String(error) })
    }
  }

  #tell(
    effect: Extract<SyncEffect, { type: 'gossip' | 'verdict' | 'judged' | 'submitted' | 'alarm' }>,
  ): void {
    switch (effect.type) {
      case 'gossip':
        this.#gossip(effect.bytes)
        break
      case 'verdict':
        this.#verdicts.get(effect.ref)?.(effect.verdict)
        this.#verdicts.delete(effect.ref)
        break
      case 'judged':
        this.#judged.set(effect.ref, effect)
        break
      case 'submitted':
        this.#submissions.get(effect.ref)?.(effect.durable)
        this.#submissions.delete(effect.ref)
        break
      case 'alarm':
        this.#init.report({
          event: 'records',
          level: 'error',
          code: effect.code,
          message: effect.message,
        })
    }
  }

  #store(batch: number, records: readonly MeshRecord[]): void {
    const { writer, report, onAccepted } = this.#init
    onAccepted?.(records)
    const writing = writer.add(records.map(storedOf)).then(
      () => this.#take({ type: 'stored', batch }),
      (error: unknown) => {
        report({
          event: 'records',
          level: 'error',
          code: 'records-not-durable',
          message: String(error),
        })
        this.#take({ type: 'store-failed', batch })
      },
    )
    this.#writing.add(writing)
    void writing.finally(() => this.#writing.delete(writing))
  }

  /** What a witness signs under a number waits until the number is on the disk. */
  #onLedger(effect: Extract<SyncEffect, { type: 'reserve' | 'keep' }>): void {
    const { ledger, report } = this.#init
    try {
      if (effect.type === 'keep') {
        ledger.keep(effect.beacons)
        return
      }
      const { what, state } = effect
      ledger.reserve(state)
      this.#take({ type: 'reserved', what, state })
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      const what = effect.type === 'keep' ? 'a beacon' : 'what it says as a witness'
      const message = `this node could not write down ${what}: ${error.message}`
      report({ event: 'records', level: 'error', code: error.code, message })
    }
  }

  #onLink(effect: LinkEffect): void {
    const link = this.#links.get(effect.link)
    // It has ended a moment ago; the network says so in its turn.
    if (link === undefined) return
    if (effect.type === 'settle') link.settle()
    else if (effect.type === 'cut') link.cut(effect.code)
    else if (!link.send(effect.bytes)) link.cut('records-unread')
  }

  #gossip(bytes: Uint8Array): void {
    const { publish, report } = this.#init
    if (bytes.length > GOSSIP_BYTES_MAX) return
    publish(bytes).catch((error: unknown) => {
      // Before the start there is nobody to tell; whoever connects learns of it by comparison.
      if (error instanceof NetworkError && error.code === 'network-not-running') return
      // It has been pushed to every neighbour; gossip is the second path.
      report({ event: 'records', level: 'warn', code: 'gossip-failed', message: String(error) })
    })
  }

  #wakeAt(atMs: number): void {
    clearTimeout(this.#timer)
    const waitMs = Math.max(0, atMs - this.#init.clock.monotonicMs())
    this.#timer = setTimeout(() => this.#take({ type: 'wake' }), Math.min(waitMs, TIMER_MS_MAX))
    this.#timer.unref()
  }
}

function isOfLink(effect: SyncEffect): effect is LinkEffect {
  return effect.type === 'send' || effect.type === 'settle' || effect.type === 'cut'
}

/** A record as the store keeps it. */
export function storedOf({ id, text, type }: MeshRecord): StoredRecord {
  // What witnesses wrote down decides what counts: no number of grants may keep it out.
  if (classOf(type) !== 'grant') return { id, text, kind: 'removal' }
  // The set joins the signatures of every copy of a grant, and what is in the set has to lie in the store.
  return { id, text, kind: 'grant', isJoined: true }
}
