import { type Link } from './link.ts'
import { type NetworkOptions } from './network-options.ts'
import { type SeededRandom } from './seeded-random.ts'
import { type Timeline } from './timeline.ts'

/** What travels: its size, and what happens where it arrives. */
export interface Packet {
  readonly bytes: number
  readonly arrive: () => void
}

/** What a path needs of its surroundings. */
export interface PathComponents {
  readonly timeline: Timeline
  readonly random: SeededRandom
  readonly options: NetworkOptions
  readonly nodes: number
}

const LOSSES_MAX = 8

/** How long packets are under way: the queue at the uplink, the latency, losses, and the order of a link. */
export class PacketPath {
  readonly #timeline: Timeline
  readonly #random: SeededRandom
  readonly #options: NetworkOptions
  /** Until when the uplink of each node is taken. */
  readonly #uplinkMs: Float64Array

  constructor({ timeline, random, options, nodes }: PathComponents) {
    this.#timeline = timeline
    this.#random = random.fork('packets')
    this.#options = options
    this.#uplinkMs = new Float64Array(nodes)
  }

  /** A latency by itself. */
  delayMs(): number {
    return this.#options.latency(this.#random)
  }

  /** As TCP does it: whole, and in order. */
  send(link: Link, from: number, packet: Packet): void {
    const sentMs = this.#leave(from, packet.bytes)
    this.#deliver(link, from, { packet, arrivalMs: sentMs + this.#retransmissionsMs() })
    if (this.#random.chance(this.#options.duplicateProbability)) {
      this.#deliver(link, from, { packet, arrivalMs: sentMs })
    }
  }

  /** As UDP does it. */
  sendDatagram(link: Link, from: number, packet: Packet): void {
    const sentMs = this.#leave(from, packet.bytes)
    const copies = this.#random.chance(this.#options.duplicateProbability) ? 2 : 1
    for (let copy = 0; copy < copies; copy += 1) {
      if (this.#random.chance(this.#options.lossProbability)) continue
      this.#arrive(link, from, { packet, arrivalMs: sentMs + this.delayMs() })
    }
  }

  #deliver(
    link: Link,
    from: number,
    { packet, arrivalMs }: { packet: Packet; arrivalMs: number },
  ): void {
    const [near] = link.from(from)
    const freeMs = arrivalMs + this.delayMs()
    const orderedMs = this.#options.reordersWithinLinks
      ? freeMs
      : Math.max(freeMs, near.lastArrivalMs)
    near.lastArrivalMs = Math.max(orderedMs, near.lastArrivalMs)
    this.#arrive(link, from, { packet, arrivalMs: orderedMs })
  }

  #arrive(
    link: Link,
    from: number,
    { packet, arrivalMs }: { packet: Packet; arrivalMs: number },
  ): void {
    const [, far] = link.from(from)
    this.#timeline.at(arrivalMs, () => {
      if (far.open) packet.arrive()
    })
  }

  /** When the last byte has left. */
  #leave(from: number, bytes: number): number {
    const startMs = Math.max(this.#timeline.nowMs, this.#uplinkMs[from] ?? 0)
    const leftMs = startMs + bytes / this.#options.uplinkBytesPerMs
    this.#uplinkMs[from] = leftMs
    return leftMs
  }

  #retransmissionsMs(): number {
    const { lossProbability, retransmitMs } = this.#options
    let delayMs = 0
    for (let losses = 0; losses < LOSSES_MAX; losses += 1) {
      if (!this.#random.chance(lossProbability)) break
      delayMs += retransmitMs * 2 ** losses
    }
    return delayMs
  }
}
