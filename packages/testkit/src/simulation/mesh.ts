import { type Actor, type ActorEvent } from './actor.ts'
import { type FaultTarget } from './fault.ts'
import { GossipModel } from './gossip-model.ts'
import { GOSSIP_OPTIONS } from './gossip-options.ts'
import { fixedLatency } from './latency.ts'
import { type Link } from './link.ts'
import { MeshFaults } from './mesh-faults.ts'
import { LAN_OPTIONS } from './network-options.ts'
import { Network } from './network.ts'
import { CLOCK_OPTIONS, NodeClock } from './node-clock.ts'
import { type Note, NOTES_MAX } from './note.ts'
import { numberedName } from './numbered-name.ts'
import { SeededRandom } from './seeded-random.ts'
import { SimulatedDisk } from './simulated-disk.ts'
import { type NodeOutside, SimulatedNode } from './simulated-node.ts'
import { type SimulationOptions } from './simulation-options.ts'
import { type Timeline } from './timeline.ts'
import { randomTopology } from './topology.ts'
import { type Trace } from './trace.ts'
import { type Traffic } from './traffic.ts'

const DEGREE = 8
const DISK_MS = 2
const BYTES_PER_KILOBYTE = 1024

/** The parts of a mesh, joined: nodes, the network between them, gossip over it. */
export class Mesh<Durable, Command, Machine extends Actor<Durable, Command>> {
  readonly notes: Note[] = []
  readonly faults: FaultTarget
  readonly #options: SimulationOptions<Durable, Command, Machine>
  readonly #timeline: Timeline
  readonly #trace: Trace
  readonly #random: SeededRandom
  readonly #nodes: readonly Place<Durable, Command, Machine>[]
  readonly #network: Network
  readonly #gossip: GossipModel | undefined
  #messages = 0
  #messageBytes = 0

  constructor(
    options: SimulationOptions<Durable, Command, Machine>,
    timeline: Timeline,
    trace: Trace,
  ) {
    this.#options = options
    this.#timeline = timeline
    this.#trace = trace
    this.#random = new SeededRandom(options.seed)
    this.#network = this.#createNetwork()
    this.#gossip = this.#createGossip()
    this.#nodes = Array.from({ length: options.nodes }, (_, index) => this.#createPlace(index))
    this.faults = new MeshFaults({
      timeline,
      trace,
      network: this.#network,
      gossip: this.#gossip,
      machines: this.#nodes,
      deadMs: options.network?.deadMs ?? LAN_OPTIONS.deadMs,
    })
    for (const { node } of this.#nodes) timeline.at(0, () => node.start())
    this.#network.start()
    this.#gossip?.start()
  }

  get traffic(): Traffic {
    return {
      messages: this.#messages,
      messageBytes: this.#messageBytes,
      gossipPackets: this.#gossip?.packets ?? 0,
      gossipBytes: this.#gossip?.packetBytes ?? 0,
      gossipDuplicates: this.#gossip?.duplicates ?? 0,
    }
  }

  actor(node: number): Machine | undefined {
    return this.#node(node)?.actor
  }

  command(node: number, command: Command): void {
    this.#node(node)?.deliver({ type: 'command', command }, {})
  }

  #node(index: number): SimulatedNode<Durable, Command, Machine> | undefined {
    return this.#nodes[index]?.node
  }

  #name(node: number): string {
    const { nameOf = numberedName } = this.#options
    return nameOf(node)
  }

  #costMs(bytes: number): number {
    const { messageMs, kilobyteMs } = this.#options.processor ?? { messageMs: 0, kilobyteMs: 0 }
    return messageMs + (kilobyteMs * bytes) / BYTES_PER_KILOBYTE
  }

  #createNetwork(): Network {
    const { nodes, topology = randomTopology(DEGREE), network } = this.#options
    return new Network({
      timeline: this.#timeline,
      random: this.#random.fork('network'),
      options: { ...LAN_OPTIONS, ...network },
      edges: topology(nodes, this.#random.fork('topology')),
      nodes,
      hosts: {
        answers: (node) => this.actor(node) !== undefined && this.#node(node)?.isAsleep === false,
        opened: (node, link) => {
          const peer = this.#name(link.from(node)[1].node)
          this.#tell(node, link, { type: 'connected', link: link.id, peer })
        },
        closed: (node, link) => {
          this.#gossip?.leave(link)
          this.#tell(node, link, { type: 'disconnected', link: link.id })
        },
      },
    })
  }

  /** In a step of its own, so that no step touches two nodes; and only in the life that had the link. */
  #tell(node: number, link: Link, event: ActorEvent<Command>): void {
    const simulated = this.#node(node)
    const boot = simulated?.boot
    const peer = link.from(node)[1].node
    this.#timeline.at(this.#timeline.nowMs, () => {
      if (simulated?.boot === boot) simulated?.deliver(event, { peer })
    })
  }

  #createGossip(): GossipModel | undefined {
    const { nodes, gossip } = this.#options
    if (gossip === undefined) return undefined
    return new GossipModel({
      timeline: this.#timeline,
      random: this.#random.fork('gossip'),
      options: { ...GOSSIP_OPTIONS, ...gossip },
      network: this.#network,
      nodes,
      hosts: {
        isUp: (node) => this.actor(node) !== undefined && this.#node(node)?.isAsleep === false,
        process: (node, bytes, action) => {
          if (this.actor(node) === undefined) return
          this.#node(node)?.processor.add(this.#costMs(bytes), action)
        },
        relays: (node, bytes) => this.#node(node)?.relays(bytes) ?? false,
        deliver: (node, bytes, peer) => {
          this.#node(node)?.handle({ type: 'gossip', bytes }, { peer })
        },
      },
    })
  }

  #createPlace(index: number): Place<Durable, Command, Machine> {
    const { createActor, diskLatency = fixedLatency(DISK_MS), clocks, behaviours } = this.#options
    const timeline = this.#timeline
    const random = this.#random.fork(`node ${index}`)
    const clock = new NodeClock({ ...CLOCK_OPTIONS, ...clocks }, random.fork('clock'))
    const disk = new SimulatedDisk<Durable>({
      timeline,
      random: random.fork('disk'),
      latency: diskLatency,
    })
    const node = new SimulatedNode<Durable, Command, Machine>({
      index,
      name: this.#name(index),
      timeline,
      trace: this.#trace,
      random,
      clock,
      disk,
      outside: this.#outsideOf(index),
      createActor,
      createBehaviour: behaviours?.get(index),
    })
    return { node, clock, disk }
  }

  #outsideOf(node: number): NodeOutside {
    return {
      send: (id, bytes) => this.#send(node, id, bytes),
      gossip: (bytes) => this.#gossip?.publish(node, bytes),
      settle: (id) => {
        const link = this.#network.openLink(node, id)
        if (link === undefined) return
        link.from(node)[0].settled = true
        if (link.settled) this.#gossip?.join(link)
      },
      cut: (id, code) => {
        const link = this.#network.openLink(node, id)
        if (link === undefined) return
        const peer = link.from(node)[1].node
        this.#trace.record({ atMs: this.#timeline.nowMs, node, kind: 'cut', peer, text: code })
        link.cut = true
        this.#network.close(link, node)
      },
      note: (text, value) => {
        if (this.notes.length >= NOTES_MAX) throw new RangeError(`more than ${NOTES_MAX} notes`)
        const atMs = this.#timeline.nowMs
        this.notes.push({ atMs, node, text, value })
        this.#trace.record({ atMs, node, kind: 'note', text })
      },
    }
  }

  #send(node: number, id: string, bytes: Uint8Array): void {
    const link = this.#network.openLink(node, id)
    if (link === undefined) return
    this.#messages += 1
    this.#messageBytes += bytes.length
    const [, far] = link.from(node)
    const sentMs = this.#timeline.nowMs
    const origin = { peer: node, sentMs, costMs: this.#costMs(bytes.length) }
    this.#network.send(link, node, {
      bytes: bytes.length,
      arrive: () => this.#node(far.node)?.deliver({ type: 'message', link: id, bytes }, origin),
    })
  }
}

/** A node with what belongs to its machine rather than to one life of it. */
interface Place<Durable, Command, Machine extends Actor<Durable, Command>> {
  readonly node: SimulatedNode<Durable, Command, Machine>
  readonly clock: NodeClock
  readonly disk: SimulatedDisk<Durable>
}
