import { type GossipOptions } from './gossip-options.ts'
import { type Link } from './link.ts'
import { type SeededRandom } from './seeded-random.ts'

/** One message that was published. Published again by somebody else, the same bytes are another message. */
export interface GossipMessage {
  readonly id: number
  readonly publisher: number
  readonly bytes: Uint8Array
}

/** What one node remembers for gossip; all of it is gone after a crash. */
export class GossipRouter {
  readonly node: number
  /** Links that both ends have settled. */
  readonly peers: Set<Link> = new Set()
  /** Those of them to which messages are pushed. */
  readonly mesh: Set<Link> = new Set()
  readonly #options: GossipOptions
  /** Ids of messages, and until when they are known; the oldest stands first. */
  readonly #seen = new Map<number, number>()
  /** Messages of the last heartbeats; those of the current one stand first. */
  #windows: GossipMessage[][] = [[]]

  constructor(node: number, options: GossipOptions) {
    this.node = node
    this.#options = options
  }

  reset(): void {
    this.peers.clear()
    this.mesh.clear()
    this.#seen.clear()
    this.#windows = [[]]
  }

  hasSeen(id: number): boolean {
    return this.#seen.has(id)
  }

  /** Remembers that it came; false where it had come before. */
  see(id: number, nowMs: number): boolean {
    if (this.#seen.has(id)) return false
    this.#seen.set(id, nowMs + this.#options.seenMs)
    return true
  }

  /** Keeps a message to announce it, and to send it to those who ask. */
  keep(message: GossipMessage): void {
    this.#windows[0]?.push(message)
  }

  /** The kept messages with these ids. */
  kept(ids: readonly number[]): readonly GossipMessage[] {
    return this.#windows.flat().filter(({ id }) => ids.includes(id))
  }

  /** What a heartbeat announces, and to whom. */
  announcement(random: SeededRandom): {
    readonly ids: readonly number[]
    readonly links: readonly Link[]
  } {
    const { announcedHeartbeats, lazyDegree, lazyFactor } = this.#options
    const ids = this.#windows
      .slice(0, announcedHeartbeats)
      .flat()
      .map(({ id }) => id)
    if (ids.length === 0) return { ids, links: [] }
    const others = [...this.peers].filter((link) => !this.mesh.has(link))
    const count = Math.max(lazyDegree, Math.floor(lazyFactor * others.length))
    return { ids, links: random.shuffled(others).slice(0, count) }
  }

  /** A heartbeat is over: the oldest messages go. */
  shift(nowMs: number): void {
    this.#windows = [[], ...this.#windows.slice(0, this.#options.cacheHeartbeats - 1)]
    for (const [id, untilMs] of this.#seen) {
      if (untilMs > nowMs) break
      this.#seen.delete(id)
    }
  }
}
