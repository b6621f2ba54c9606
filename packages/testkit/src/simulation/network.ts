import { type Edge, Link, type LinkEnd } from './link.ts'
import { type NetworkOptions } from './network-options.ts'
import { type Packet, PacketPath } from './packet-path.ts'
import { Partition } from './partition.ts'
import { type SeededRandom } from './seeded-random.ts'
import { type Timeline } from './timeline.ts'
import { type Edges } from './topology.ts'

/** What the network tells the nodes, and asks of them. */
export interface NetworkHosts {
  /** Whether a handshake with this node can succeed now. */
  answers(node: number): boolean
  opened(node: number, link: Link): void
  closed(node: number, link: Link): void
}

/** What a network needs of its surroundings. */
export interface NetworkComponents {
  readonly timeline: Timeline
  readonly random: SeededRandom
  readonly options: NetworkOptions
  readonly edges: Edges
  readonly nodes: number
  readonly hosts: NetworkHosts
}

/** The links between the nodes: dialled, used, lost and dialled again. */
export class Network {
  readonly #components: NetworkComponents
  readonly #partition: Partition
  readonly #edges: readonly Edge[]
  readonly #edgesOf: readonly Edge[][]
  readonly #links = new Map<string, Link>()
  readonly #path: PacketPath
  #serial = 0

  constructor(components: NetworkComponents) {
    this.#components = components
    this.#partition = new Partition(components.nodes)
    this.#path = new PacketPath(components)
    this.#edgesOf = Array.from({ length: components.nodes }, () => [])
    this.#edges = components.edges.map(([dialler, listener]) => {
      const edge: Edge = { dialler, listener, link: undefined }
      this.#edgesOf[dialler]?.push(edge)
      this.#edgesOf[listener]?.push(edge)
      return edge
    })
  }

  /** Begins to dial every edge. */
  start(): void {
    for (const edge of this.#edges) this.#dialSoon(edge)
  }

  /** The link of that name, where this node has its end open. */
  openLink(node: number, id: string): Link | undefined {
    const link = this.#links.get(id)
    return link?.from(node)[0].open === true ? link : undefined
  }

  /** Sends a packet in the order of the link; `arrive` runs at the other end, if that is still open. */
  send(link: Link, from: number, packet: Packet): void {
    if (link.held === undefined) this.#path.send(link, from, packet)
    else {
      const [near] = link.from(from)
      link.held.push(() => {
        if (near.open) this.#path.send(link, from, packet)
      })
    }
  }

  /** Sends a packet that may be lost, and overtaken. */
  sendDatagram(link: Link, from: number, packet: Packet): void {
    if (link.held === undefined) this.#path.sendDatagram(link, from, packet)
  }

  /** A node ends a link; the other side learns of it a little later. */
  close(link: Link, from: number): void {
    const [near, far] = link.from(from)
    if (!near.open) return
    this.#end(link, near)
    const { timeline, options } = this.#components
    const nowMs = timeline.nowMs
    const noticedMs =
      link.held === undefined
        ? Math.max(near.lastArrivalMs, nowMs + this.#path.delayMs())
        : nowMs + options.deadMs
    timeline.at(noticedMs, () => this.#end(link, far))
  }

  /** A link is lost, and both sides notice. */
  lose(one: number, other: number): void {
    const link = this.#edgesOf[one]?.find(
      ({ dialler, listener }) => dialler === other || listener === other,
    )?.link
    if (link !== undefined) this.#endBoth(link)
  }

  /** This node is gone, without a word to anybody; its machine answers for it. */
  crash(node: number): void {
    for (const { link } of this.#edgesOf[node] ?? []) {
      if (link !== undefined) this.close(link, node)
    }
  }

  /** This node has been silent for too long: its peers give their links up, and so does it. */
  giveUp(node: number): void {
    for (const { link } of this.#edgesOf[node] ?? []) {
      if (link !== undefined) this.#endBoth(link)
    }
  }

  /** A node answers again: its missing links are dialled. */
  redial(node: number): void {
    for (const edge of this.#edgesOf[node] ?? []) this.#dialSoon(edge)
  }

  /** From now on only nodes of one group reach each other; nodes of no group form one together. */
  separate(groups: readonly (readonly number[])[]): void {
    this.#partition.set(groups)
    this.#applyPartition()
  }

  /** Everybody reaches everybody again. */
  heal(): void {
    this.#partition.set([])
    this.#applyPartition()
    for (const edge of this.#edges) if (edge.link === undefined) this.#dialSoon(edge)
  }

  #applyPartition(): void {
    for (const { dialler, listener, link } of this.#edges) {
      if (link === undefined) continue
      if (this.#partition.separates(dialler, listener)) this.#hold(link)
      else release(link)
    }
  }

  #hold(link: Link): void {
    if (link.held !== undefined) return
    const held: (() => void)[] = []
    link.held = held
    const { timeline, options } = this.#components
    timeline.at(timeline.nowMs + options.deadMs, () => {
      if (link.held === held) this.#endBoth(link)
    })
  }

  #dialSoon(edge: Edge): void {
    const { timeline, random, options } = this.#components
    timeline.at(timeline.nowMs + random.between(0, options.redialMs), () => this.#dial(edge))
  }

  #dial(edge: Edge): void {
    if (edge.link !== undefined || !this.#reachable(edge)) return
    this.#serial += 1
    const link = new Link(edge, this.#serial)
    edge.link = link
    const { timeline } = this.#components
    const handshakeMs = this.#path.delayMs() + this.#path.delayMs()
    timeline.at(timeline.nowMs + handshakeMs, () => this.#open(link))
  }

  #open(link: Link): void {
    const { edge, ends } = link
    if (!this.#reachable(edge)) {
      edge.link = undefined
      return
    }
    this.#links.set(link.id, link)
    for (const end of ends) end.open = true
    for (const { node } of ends) this.#components.hosts.opened(node, link)
  }

  #reachable({ dialler, listener }: Edge): boolean {
    const { hosts } = this.#components
    return (
      hosts.answers(dialler) &&
      hosts.answers(listener) &&
      !this.#partition.separates(dialler, listener)
    )
  }

  #endBoth(link: Link): void {
    for (const end of link.ends) this.#end(link, end)
  }

  #end(link: Link, end: LinkEnd): void {
    if (!end.open) return
    end.open = false
    this.#components.hosts.closed(end.node, link)
    if (link.ends.some(({ open }) => open)) return
    this.#links.delete(link.id)
    link.edge.link = undefined
    if (!link.cut || this.#components.options.redialsAfterCut) this.#dialSoon(link.edge)
  }
}

function release(link: Link): void {
  const held = link.held ?? []
  link.held = undefined
  for (const send of held) send()
}
