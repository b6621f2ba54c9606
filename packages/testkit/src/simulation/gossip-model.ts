import { type GossipOptions } from './gossip-options.ts'
import { type GossipMessage, GossipRouter } from './gossip-router.ts'
import { type Link } from './link.ts'
import { type Network } from './network.ts'
import { type SeededRandom } from './seeded-random.ts'
import { type Timeline } from './timeline.ts'

/** What gossip asks of the nodes, and gives them. */
export interface GossipHosts {
  isUp(node: number): boolean
  /** Does something at a node that costs the processing of so many bytes. */
  process(node: number, bytes: number, action: () => void): void
  /** Whether this node passes such a message on. */
  relays(node: number, bytes: Uint8Array): boolean
  deliver(node: number, bytes: Uint8Array, from: number): void
}

/** What gossip needs of its surroundings. */
export interface GossipComponents {
  readonly timeline: Timeline
  readonly random: SeededRandom
  readonly options: GossipOptions
  readonly network: Network
  readonly nodes: number
  readonly hosts: GossipHosts
}

const ID_BYTES = 32

/**
 * A model of gossipsub v1.1 on one topic: eager push in a mesh, lazy announcements at each heartbeat.
 *
 * Left out: peer scores, back-off after a PRUNE, and the time that GRAFT and PRUNE take (both ends
 * change at once). It is good for comparing what gossip alone reaches, not for attacks on gossipsub itself.
 */
export class GossipModel {
  readonly #components: GossipComponents
  readonly #routers: readonly GossipRouter[]
  #published = 0
  /** How many messages came to a node that had seen them; all packets between routers, and their bytes. */
  duplicates = 0
  packets = 0
  packetBytes = 0

  constructor(components: GossipComponents) {
    this.#components = components
    const { nodes, options } = components
    this.#routers = Array.from({ length: nodes }, (_, node) => new GossipRouter(node, options))
  }

  /** Each node's heartbeat begins at a moment of its own. */
  start(): void {
    const { timeline, random, options } = this.#components
    for (const router of this.#routers) {
      const phaseMs = random.between(0, options.heartbeatMs)
      timeline.at(timeline.nowMs + phaseMs, () => this.#heartbeat(router))
    }
  }

  /** Both ends of a link are settled: gossip may use it. */
  join(link: Link): void {
    for (const { node } of link.ends) this.#router(node)?.peers.add(link)
  }

  /** An end of a link is gone. */
  leave(link: Link): void {
    for (const { node } of link.ends) {
      this.#router(node)?.peers.delete(link)
      this.#router(node)?.mesh.delete(link)
    }
  }

  reset(node: number): void {
    this.#router(node)?.reset()
  }

  publish(node: number, bytes: Uint8Array): void {
    const router = this.#router(node)
    if (router === undefined) return
    this.#published += 1
    const message = { id: this.#published, publisher: node, bytes }
    router.see(message.id, this.#components.timeline.nowMs)
    router.keep(message)
    const links = this.#components.options.floodPublish ? router.peers : router.mesh
    for (const link of links) this.#push(router, link, message)
  }

  #router(node: number): GossipRouter | undefined {
    return this.#routers[node]
  }

  #push(router: GossipRouter, link: Link, message: GossipMessage): void {
    this.#transmit(router, link, {
      bytes: message.bytes.length,
      take: (receiver) => this.#accept(receiver, link, message),
    })
  }

  #accept(router: GossipRouter, link: Link, message: GossipMessage): void {
    const { timeline, hosts } = this.#components
    if (!router.see(message.id, timeline.nowMs)) {
      this.duplicates += 1
      return
    }
    if (hosts.relays(router.node, message.bytes)) {
      router.keep(message)
      for (const next of router.mesh) {
        const [, far] = next.from(router.node)
        if (next !== link && far.node !== message.publisher) this.#push(router, next, message)
      }
    }
    hosts.deliver(router.node, message.bytes, link.from(router.node)[1].node)
  }

  #heartbeat(router: GossipRouter): void {
    const { timeline, random, options, hosts } = this.#components
    timeline.at(timeline.nowMs + options.heartbeatMs, () => this.#heartbeat(router))
    if (!hosts.isUp(router.node)) return
    this.#balance(router)
    const { ids, links } = router.announcement(random)
    for (const link of links) {
      this.#transmit(router, link, {
        bytes: ids.length * ID_BYTES,
        take: (receiver) => this.#answer(receiver, link, ids),
      })
    }
    router.shift(timeline.nowMs)
  }

  /** GRAFT where the mesh is too small, PRUNE where it is too large. */
  #balance(router: GossipRouter): void {
    const { random, options } = this.#components
    if (router.mesh.size < options.degreeLow) {
      const candidates = [...router.peers].filter((link) => {
        const [, far] = link.from(router.node)
        return !router.mesh.has(link) && this.#meshSize(far.node) < options.degreeHigh
      })
      const missing = options.degree - router.mesh.size
      for (const link of random.shuffled(candidates).slice(0, missing)) {
        for (const { node } of link.ends) this.#router(node)?.mesh.add(link)
      }
    }
    if (router.mesh.size > options.degreeHigh) {
      for (const link of random.shuffled([...router.mesh]).slice(options.degree)) {
        for (const { node } of link.ends) this.#router(node)?.mesh.delete(link)
      }
    }
  }

  #meshSize(node: number): number {
    return this.#router(node)?.mesh.size ?? 0
  }

  /** IHAVE came: IWANT what is new. */
  #answer(router: GossipRouter, link: Link, ids: readonly number[]): void {
    const wanted = ids.filter((id) => !router.hasSeen(id))
    if (wanted.length === 0) return
    this.#transmit(router, link, {
      bytes: wanted.length * ID_BYTES,
      take: (owner) => {
        for (const message of owner.kept(wanted)) this.#push(owner, link, message)
      },
    })
  }

  #transmit(
    router: GossipRouter,
    link: Link,
    { bytes, take }: { bytes: number; take: (receiver: GossipRouter) => void },
  ): void {
    const { network, options, hosts } = this.#components
    this.packets += 1
    this.packetBytes += bytes
    const [, far] = link.from(router.node)
    const arrive = (): void =>
      hosts.process(far.node, bytes, () => {
        const receiver = this.#router(far.node)
        if (receiver !== undefined) take(receiver)
      })
    if (options.datagrams) network.sendDatagram(link, router.node, { bytes, arrive })
    else network.send(link, router.node, { bytes, arrive })
  }
}
