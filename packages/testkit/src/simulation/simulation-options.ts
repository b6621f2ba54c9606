import { type Actor, type Life } from './actor.ts'
import { type CreateBehaviour } from './behaviour.ts'
import { type Fault } from './fault.ts'
import { type GossipOptions } from './gossip-options.ts'
import { type Invariant } from './invariant.ts'
import { type Latency } from './latency.ts'
import { type NetworkOptions } from './network-options.ts'
import { type ClockOptions } from './node-clock.ts'
import { type Topology } from './topology.ts'

/** What it costs a node's processor to take one message in; what follows from it is the actor's `work`. */
export interface ProcessorOptions {
  readonly messageMs: number
  readonly kilobyteMs: number
}

/** Something that somebody does at a node. */
export interface TimedCommand<Command> {
  readonly atMs: number
  readonly node: number
  readonly command: Command
}

/** One run: the same options give the same run, to the last bit. */
export interface SimulationOptions<Durable, Command, Machine extends Actor<Durable, Command>> {
  readonly seed: number
  readonly nodes: number
  readonly createActor: (life: Life<Durable>) => Machine
  readonly nameOf?: (node: number) => string
  /** A random graph of degree 8, unless told otherwise. */
  readonly topology?: Topology
  readonly network?: Partial<NetworkOptions>
  /** What differs from the defaults of gossipsub. */
  readonly gossip?: Partial<GossipOptions>
  readonly clocks?: Partial<ClockOptions>
  readonly diskLatency?: Latency
  readonly processor?: ProcessorOptions
  /** The hostile nodes. */
  readonly behaviours?: ReadonlyMap<number, CreateBehaviour<Durable, Command>>
  readonly faults?: readonly Fault[]
  readonly commands?: readonly TimedCommand<Command>[]
  readonly invariants?: readonly Invariant<Machine>[]
  /** Asks the invariants only after so many things have happened, and at the end. */
  readonly checkEvery?: number
  /** Says in a few words what a message is, for diagrams. */
  readonly describe?: (bytes: Uint8Array) => string
}
