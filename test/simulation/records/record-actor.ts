import { type Did } from '@warren/identity'
import {
  RecordSync,
  type RecordSet,
  type RecordSyncInit,
  type Standing,
  type SyncEffect,
  type SyncEvent,
} from '@warren/membership'
import {
  type Actor,
  type ActorEffect,
  type ActorEvent,
  type ActorTime,
  type Life,
} from '@warren/testkit'
import { type Cast } from './cast.ts'
import { VERIFY_MS } from './costs.ts'
import { type SharedRecords } from './shared-records.ts'
import { type Listener } from './spoken.ts'

/** One record as the disk keeps it: a write that is torn keeps some of its records, each of them whole. */
export interface KeptRecord {
  readonly id: string
  readonly text: string
}

/** Somebody submits these at a node. */
export interface Submit {
  readonly texts: readonly string[]
}

/** What is driven: `RecordSync`, or in tests one with a flaw. */
export type RecordMachine = Pick<RecordSync, 'handle' | 'set'>

export interface RecordActorInit {
  readonly life: Life<KeptRecord>
  readonly cast: Cast
  readonly records: SharedRecords
  readonly listener: Listener
  readonly createMachine?: (init: RecordSyncInit) => RecordMachine
  /** Lets records travel by gossip and in no other way. */
  readonly gossipAlone?: boolean
}

/** Something that a node did and must not do. */
export interface Breach {
  readonly text: string
  /** The node on the other side, where the promise is made to honest ones alone. */
  readonly peer?: string | undefined
}

/** A neighbour as the actor remembers it, to judge what the machine does. */
interface Acquaintance {
  readonly peer: string
  /** What it showed first: all of these removals must be here before the connection is settled. */
  removalRoot: string | undefined
}

const MESSAGE_BYTES_MAX = 1_048_576

/** The note of a node when it begins to refuse the target. */
export const REFUSES = 'refuses'
/** The note of a node when a connection begins. */
export const CONNECTED = 'connected'

/** One life of a node, as far as records are concerned: the counterpart of the node's own driver of `RecordSync`. */
export class RecordActor implements Actor<KeptRecord, Submit> {
  readonly boot: number
  /** Ids of what this life has told to anybody. */
  readonly passedOn: Set<string> = new Set()
  readonly #target: Did
  readonly #records: SharedRecords
  readonly #listener: Listener
  readonly #start: RecordSet
  readonly #createMachine: (set: RecordSet, nowMs: number) => RecordMachine
  #machine: RecordMachine | undefined
  readonly #gossipAlone: boolean
  readonly #links = new Map<string, Acquaintance>()
  readonly #durable: Set<string>
  readonly #writing = new Map<number, readonly string[]>()
  #standings: ReadonlyMap<Did, Standing>
  #breach: Breach | undefined
  #verified = 0
  #ref = 0

  constructor({ life, cast, records, listener, ...options }: RecordActorInit) {
    const { createMachine = (init) => new RecordSync(init), gossipAlone = false } = options
    this.boot = life.boot
    this.#target = cast.target
    this.#records = records
    this.#listener = listener
    this.#gossipAlone = gossipAlone
    const known = records.viewOf(cast.known, (texts) => {
      this.#verified += texts
    })
    this.#durable = new Set([...cast.known.records(), ...life.durable].map(({ id }) => id))
    const texts = life.durable.map(({ text }) => text)
    this.#start = texts.length === 0 ? known : known.accept(texts).set
    this.#standings = records.standingsOf(this.#start)
    this.#createMachine = (set, nowMs) => createMachine({ set, nowMs, random: life.random })
  }

  get set(): RecordSet {
    return this.#machine?.set ?? this.#start
  }

  /** The nodes to which it has a connection. */
  get peers(): readonly string[] {
    return [...this.#links.values()].map(({ peer }) => peer)
  }

  /** The first thing that it did and must not do. */
  get breach(): Breach | undefined {
    return this.#breach
  }

  /** How somebody stands by what is enforced here at this moment. */
  standingOf(did: Did): Standing | undefined {
    return this.#standings.get(did)
  }

  get refusesTarget(): boolean {
    return this.standingOf(this.#target)?.status !== 'member'
  }

  handle(
    event: ActorEvent<Submit>,
    { monotonicMs }: ActorTime,
  ): readonly ActorEffect<KeptRecord>[] {
    this.#observe(event)
    const machine = (this.#machine ??= this.#createMachine(this.#start, monotonicMs))
    const taken = this.#syncEvent(event)
    const refusedBefore = event.type !== 'started' && this.refusesTarget
    const effects = taken === undefined ? [] : machine.handle(taken, monotonicMs)
    const done = effects.flatMap((effect) => this.#do(effect))
    return [
      ...this.#work(),
      ...(event.type === 'connected' ? [{ type: 'note', text: CONNECTED } as const] : []),
      ...(this.refusesTarget && !refusedBefore ? [{ type: 'note', text: REFUSES } as const] : []),
      ...(this.#gossipAlone && event.type === 'connected'
        ? [{ type: 'settle', link: event.link } as const]
        : []),
      ...done,
    ]
  }

  /** What the machine is told of an event; the counterpart of what the network tells a node. */
  #syncEvent(event: ActorEvent<Submit>): SyncEvent | undefined {
    if (event.type === 'started') return undefined
    if (event.type === 'gossip') return { ...event, ref: this.#nextRef() }
    if (event.type === 'command') {
      return { type: 'submit', ref: this.#nextRef(), texts: event.command.texts }
    }
    const isRecords = event.type === 'connected' || event.type === 'message'
    if (isRecords && this.#gossipAlone) return undefined
    if (event.type !== 'connected') return event
    return { type: 'connected', link: event.link, did: event.peer }
  }

  #do(effect: SyncEffect): readonly ActorEffect<KeptRecord>[] {
    if (effect.type === 'changed') {
      this.#standings = this.#records.standingsOf(this.set)
    } else if (effect.type === 'store') {
      const write = effect.records.map(({ id, text }) => ({ id, text }))
      this.#writing.set(
        effect.batch,
        write.map(({ id }) => id),
      )
      return [{ type: 'store', batch: effect.batch, write }]
    } else if (effect.type === 'send' || effect.type === 'gossip') {
      this.#checkSaid(effect.bytes)
      return [effect]
    } else if (effect.type === 'settle') {
      this.#checkSettled(effect.link)
      return [effect]
    } else if (effect.type === 'cut' || effect.type === 'wake') {
      return [effect]
    }
    // The rest is for whoever asked, and for witnesses; no node of these scenarios is one.
    return []
  }

  /** What verifying costs; the effects come after it. */
  #work(): readonly ActorEffect<KeptRecord>[] {
    const texts = this.#verified
    this.#verified = 0
    return texts === 0 ? [] : [{ type: 'work', cpuMs: texts * VERIFY_MS }]
  }

  #observe(event: ActorEvent<Submit>): void {
    if (event.type === 'connected') {
      this.#links.set(event.link, { peer: event.peer, removalRoot: undefined })
    } else if (event.type === 'disconnected') {
      this.#links.delete(event.link)
    } else if (event.type === 'stored') {
      for (const id of this.#writing.get(event.batch) ?? []) this.#durable.add(id)
      this.#writing.delete(event.batch)
    } else if (event.type === 'message') {
      const link = this.#links.get(event.link)
      if (link === undefined || link.removalRoot !== undefined) return
      link.removalRoot = this.#listener.spoken(event.bytes).removalRoot
    }
  }

  #checkSaid(bytes: Uint8Array): void {
    if (bytes.length > MESSAGE_BYTES_MAX) {
      this.#breach ??= { text: `sent a message of ${bytes.length} bytes` }
    }
    const { ids, type } = this.#listener.spoken(bytes)
    if (type !== 'records' && type !== 'have') return
    for (const id of ids) {
      this.passedOn.add(id)
      if (!this.#durable.has(id)) {
        this.#breach ??= { text: `passed ${id} on before it was durable` }
      }
    }
  }

  #checkSettled(link: string): void {
    const { peer, removalRoot } = this.#links.get(link) ?? {}
    const removals = this.#records.removalsOf(removalRoot ?? '')
    const missing = removals?.find((id) => !this.set.has(id))
    if (removalRoot === undefined) {
      this.#breach ??= { text: 'settled a connection whose heads it has not seen', peer }
    } else if (missing !== undefined) {
      this.#breach ??= { text: `settled a connection without ${missing}`, peer }
    }
  }

  #nextRef(): number {
    this.#ref += 1
    return this.#ref
  }
}
