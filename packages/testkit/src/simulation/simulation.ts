import { type Actor } from './actor.ts'
import { type Fault, type FaultTarget, scheduleFault } from './fault.ts'
import { sequenceDiagram } from './diagram.ts'
import { type RunView } from './invariant.ts'
import { Mesh } from './mesh.ts'
import { numberedName } from './numbered-name.ts'
import { type Note } from './note.ts'
import { type SimulationOptions } from './simulation-options.ts'
import { Timeline } from './timeline.ts'
import { Trace } from './trace.ts'
import { type Traffic } from './traffic.ts'
import { type Finding, type Violation } from './violation.ts'

/**
 * A mesh of simulated nodes: one seed decides everything that happens.
 *
 * Nothing in it waits for real time, and nothing is random but by the seed.
 */
export class Simulation<
  Durable,
  Command,
  Machine extends Actor<Durable, Command>,
> implements RunView<Machine> {
  readonly #options: SimulationOptions<Durable, Command, Machine>
  readonly #timeline = new Timeline()
  readonly #trace = new Trace()
  readonly #mesh: Mesh<Durable, Command, Machine>
  #checked = 0
  #violation: Violation | undefined

  constructor(options: SimulationOptions<Durable, Command, Machine>) {
    this.#options = options
    this.#mesh = new Mesh(options, this.#timeline, this.#trace)
    for (const fault of options.faults ?? []) scheduleFault(fault, this.faults, this.#timeline)
    for (const { atMs, node, command } of options.commands ?? []) {
      this.#timeline.at(atMs, () => this.#mesh.command(node, command))
    }
  }

  get seed(): number {
    return this.#options.seed
  }

  get nodes(): number {
    return this.#options.nodes
  }

  /** The faults that were planned. */
  get plannedFaults(): readonly Fault[] {
    return this.#options.faults ?? []
  }

  get nowMs(): number {
    return this.#timeline.nowMs
  }

  get steps(): number {
    return this.#timeline.steps
  }

  /** Equal for two runs in which the same happened. */
  get digest(): string {
    return this.#trace.digest
  }

  /** The node to which something happened last. */
  get touched(): number | undefined {
    return this.#trace.lastNode
  }

  /** What the actors noted, in order. */
  get notes(): readonly Note[] {
    return this.#mesh.notes
  }

  get traffic(): Traffic {
    return this.#mesh.traffic
  }

  /** Faults at this very moment. */
  get faults(): FaultTarget {
    return this.#mesh.faults
  }

  /** The state machine of a node; undefined while the node is down. */
  actor(node: number): Machine | undefined {
    return this.#mesh.actor(node)
  }

  /** Lets somebody do something at a node now; nothing comes of it while the node is down. */
  command(node: number, command: Command): void {
    this.#mesh.command(node, command)
  }

  /** Runs until that time, or until an invariant is violated; a violated run goes no further. */
  runUntil(untilMs: number): Violation | undefined {
    const { checkEvery = 1 } = this.#options
    while (this.#violation === undefined && this.#timeline.nextMs <= untilMs) {
      this.#step()
      if (this.#trace.count - this.#checked >= checkEvery) this.#check()
    }
    if (this.#violation === undefined) {
      this.#timeline.rest(untilMs)
      this.#check()
    }
    return this.#violation
  }

  /** The last messages around these nodes, or around all. */
  diagram(nodes: readonly number[] = []): string {
    const { nameOf = numberedName, describe } = this.#options
    return sequenceDiagram(this.#trace.last(), { nodes, nameOf, describe })
  }

  #step(): void {
    try {
      this.#timeline.step()
    } catch (error) {
      // An actor that throws is a finding like any other: the seed and the diagram lead to it.
      this.#fail(`threw: ${error instanceof Error ? (error.stack ?? error.message) : 'no error'}`)
    }
  }

  #check(): void {
    this.#checked = this.#trace.count
    for (const invariant of this.#options.invariants ?? []) {
      if (this.#violation !== undefined) return
      const finding = invariant(this)
      if (finding !== undefined) this.#fail(finding)
    }
  }

  #fail(finding: Finding | string): void {
    const nodes = typeof finding === 'string' ? [this.touched ?? 0] : finding.nodes
    this.#violation = {
      seed: this.seed,
      step: this.steps,
      atMs: this.nowMs,
      message: typeof finding === 'string' ? finding : finding.message,
      diagram: this.diagram(nodes),
    }
  }
}
