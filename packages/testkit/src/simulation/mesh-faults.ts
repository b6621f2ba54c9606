import { type FaultTarget } from './fault.ts'
import { type GossipModel } from './gossip-model.ts'
import { type Network } from './network.ts'
import { type Timeline } from './timeline.ts'
import { type Trace } from './trace.ts'

/** What can go wrong with one machine. */
export interface FaultyMachine {
  readonly node: {
    readonly isAsleep: boolean
    readonly sleeps: number
    start(): void
    crash(): void
    sleep(): void
    resume(): void
  }
  readonly clock: { step(byMs: number): void }
  readonly disk: { stall(): void; recover(): void }
}

/** What faults need of the mesh that they happen to. */
export interface MeshFaultsComponents {
  readonly timeline: Timeline
  readonly trace: Trace
  readonly network: Network
  readonly gossip: GossipModel | undefined
  readonly machines: readonly FaultyMachine[]
  /** After so long a sleeper's links are given up. */
  readonly deadMs: number
}

/** Faults of a mesh, each written into the trace. */
export class MeshFaults implements FaultTarget {
  readonly #components: MeshFaultsComponents

  constructor(components: MeshFaultsComponents) {
    this.#components = components
  }

  crash(node: number): void {
    this.#record(node, 'crash')?.node.crash()
    this.#components.gossip?.reset(node)
    this.#components.network.crash(node)
  }

  restart(node: number): void {
    this.#record(node, 'restart')?.node.start()
    this.#components.network.redial(node)
  }

  separate(groups: readonly (readonly number[])[]): void {
    for (const group of groups) for (const node of group) this.#record(node, 'separate')
    this.#components.network.separate(groups)
  }

  heal(): void {
    this.#record(0, 'heal')
    this.#components.network.heal()
  }

  lose(one: number, other: number): void {
    this.#record(one, 'lose')
    this.#components.network.lose(one, other)
  }

  step(node: number, byMs: number): void {
    this.#record(node, 'step')?.clock.step(byMs)
  }

  sleep(node: number): void {
    const sleeper = this.#record(node, 'sleep')?.node
    if (sleeper === undefined || sleeper.isAsleep) return
    sleeper.sleep()
    const { sleeps } = sleeper
    const { timeline, network, deadMs } = this.#components
    timeline.at(timeline.nowMs + deadMs, () => {
      if (sleeper.isAsleep && sleeper.sleeps === sleeps) network.giveUp(node)
    })
  }

  resume(node: number): void {
    this.#record(node, 'resume')?.node.resume()
    this.#components.network.redial(node)
  }

  stall(node: number): void {
    this.#record(node, 'stall')?.disk.stall()
  }

  recover(node: number): void {
    this.#record(node, 'recover')?.disk.recover()
  }

  #record(node: number, kind: string): FaultyMachine | undefined {
    const { trace, timeline, machines } = this.#components
    trace.record({ atMs: timeline.nowMs, node, kind })
    return machines[node]
  }
}
