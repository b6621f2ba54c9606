import {
  type Actor,
  type ActorEffect,
  type ActorEvent,
  type ActorTime,
  type Life,
} from './actor.ts'
import { type Behaviour, type CreateBehaviour } from './behaviour.ts'
import { type NodeClock } from './node-clock.ts'
import { Processor } from './processor.ts'
import { type SeededRandom } from './seeded-random.ts'
import { type SimulatedDisk } from './simulated-disk.ts'
import { type Timeline } from './timeline.ts'
import { type Trace } from './trace.ts'

/** Where the effects go that leave a node. */
export interface NodeOutside {
  send(link: string, bytes: Uint8Array): void
  gossip(bytes: Uint8Array): void
  settle(link: string): void
  cut(link: string, code: string): void
  note(text: string, value: number | undefined): void
}

/** What a node is made of. */
export interface NodeComponents<Durable, Command, Machine extends Actor<Durable, Command>> {
  readonly index: number
  readonly name: string
  readonly timeline: Timeline
  readonly trace: Trace
  readonly random: SeededRandom
  readonly clock: NodeClock
  readonly disk: SimulatedDisk<Durable>
  readonly outside: NodeOutside
  readonly createActor: (life: Life<Durable>) => Machine
  readonly createBehaviour: CreateBehaviour<Durable, Command> | undefined
}

/** Where an event came from, for the trace. */
export interface Origin {
  readonly peer?: number
  readonly sentMs?: number
  /** What it costs the processor. */
  readonly costMs?: number
}

const TIMER_MS = 1

/** One node: an actor with clocks, a processor and a disk, through crashes and sleep. */
export class SimulatedNode<Durable, Command, Machine extends Actor<Durable, Command>> {
  readonly #components: NodeComponents<Durable, Command, Machine>
  readonly processor: Processor
  #boot = 0
  #actor: Machine | undefined
  #behaviour: Behaviour<Durable, Command> | undefined
  #asleepSinceMs: number | undefined
  #sleeps = 0
  /** When the actor wants to be woken, on its own clock. */
  #wakeMs: number | undefined
  /** When the timer that is set goes off, in true time. */
  #timerMs = Infinity

  constructor(components: NodeComponents<Durable, Command, Machine>) {
    this.#components = components
    this.processor = new Processor(components.timeline)
  }

  /** The actor of this life; undefined while the node is down. */
  get actor(): Machine | undefined {
    return this.#actor
  }

  get boot(): number {
    return this.#boot
  }

  get isAsleep(): boolean {
    return this.#asleepSinceMs !== undefined
  }

  /** How often it was put to sleep. */
  get sleeps(): number {
    return this.#sleeps
  }

  get now(): ActorTime {
    return this.#components.clock.read(this.#components.timeline.nowMs)
  }

  relays(bytes: Uint8Array): boolean {
    return this.#behaviour?.relays?.(bytes) ?? true
  }

  /** Begins a life. */
  start(): void {
    const { index: node, name, random, clock, disk, timeline } = this.#components
    if (this.#actor !== undefined) return
    this.#boot += 1
    clock.boot(timeline.nowMs)
    const own = random.fork(this.#boot)
    const life = { node, name, boot: this.#boot, durable: [...disk.kept], random: own }
    this.#actor = this.#components.createActor(life)
    this.#behaviour = this.#components.createBehaviour?.(own.fork('behaviour'))
    this.deliver({ type: 'started' }, {})
  }

  /** Ends a life, at any moment. */
  crash(): void {
    if (this.#actor === undefined) return
    this.#actor = undefined
    this.#behaviour = undefined
    this.#asleepSinceMs = undefined
    this.#wakeMs = undefined
    this.#timerMs = Infinity
    this.processor.reset()
    this.#components.disk.crash()
  }

  /** Stands still, with all that comes in waiting. */
  sleep(): void {
    if (this.#actor === undefined || this.isAsleep) return
    this.#sleeps += 1
    this.#asleepSinceMs = this.#components.timeline.nowMs
    this.processor.pause()
  }

  /** Goes on after a sleep. */
  resume(): void {
    if (this.#asleepSinceMs === undefined) return
    this.#components.clock.slept(this.#components.timeline.nowMs - this.#asleepSinceMs)
    this.#asleepSinceMs = undefined
    this.processor.resume()
    this.#setTimer()
  }

  /** Lets something happen to this node, after what already waits for its processor. */
  deliver(event: ActorEvent<Command>, origin: Origin): void {
    if (this.#actor === undefined) return
    this.processor.add(origin.costMs ?? 0, () => this.handle(event, origin))
  }

  /** Lets something happen to this node now. */
  handle(event: ActorEvent<Command>, { peer, sentMs }: Origin): void {
    if (this.#actor === undefined) return
    const { timeline, trace, index: node } = this.#components
    const bytes = 'bytes' in event ? event.bytes : undefined
    const text = event.type === 'stored' ? `batch ${event.batch}` : undefined
    trace.record({ atMs: timeline.nowMs, node, kind: event.type, peer, sentMs, bytes, text })
    const now = this.now
    const effects = this.#actor.handle(event, now)
    this.#apply(this.#behaviour?.react(event, effects, now) ?? effects, 0)
  }

  #apply(effects: readonly ActorEffect<Durable>[], first: number): void {
    for (let index = first; index < effects.length; index += 1) {
      const effect = effects[index]
      if (effect?.type === 'work') {
        this.processor.addFirst(effect.cpuMs, () => this.#apply(effects, index + 1))
        return
      }
      if (effect !== undefined) this.#applyOne(effect)
    }
  }

  #applyOne(effect: Exclude<ActorEffect<Durable>, { type: 'work' }>): void {
    const { outside, disk } = this.#components
    switch (effect.type) {
      case 'send':
        return outside.send(effect.link, effect.bytes)
      case 'gossip':
        return outside.gossip(effect.bytes)
      case 'store':
        return disk.write(effect.write, () => {
          this.deliver({ type: 'stored', batch: effect.batch }, {})
        })
      case 'settle':
        return outside.settle(effect.link)
      case 'cut':
        return outside.cut(effect.link, effect.code)
      case 'wake':
        this.#wakeMs = effect.atMs
        return this.#setTimer()
      case 'note':
        return outside.note(effect.text, effect.value)
    }
  }

  #setTimer(): void {
    if (this.#wakeMs === undefined) return
    const { clock, timeline } = this.#components
    const trueMs = Math.max(clock.trueMsOf(this.#wakeMs), timeline.nowMs + TIMER_MS)
    // One that goes off earlier looks again; so most changes of mind cost nothing.
    if (trueMs >= this.#timerMs) return
    this.#timerMs = trueMs
    const boot = this.#boot
    timeline.at(trueMs, () => {
      if (boot === this.#boot && trueMs === this.#timerMs) this.#timerWentOff()
    })
  }

  #timerWentOff(): void {
    this.#timerMs = Infinity
    if (this.#wakeMs === undefined || this.isAsleep) return
    if (this.now.monotonicMs < this.#wakeMs) return this.#setTimer()
    this.#wakeMs = undefined
    this.deliver({ type: 'wake' }, {})
  }
}
