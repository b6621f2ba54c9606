import type { RandomSource } from '@warren/core'

/** A peer that somebody has named in a look-up, and where it is said to be. */
export interface NamedPeer {
  readonly peerId: string
  readonly addresses: readonly string[]
}

export interface WalkLimits {
  readonly walkFirstMs: number
  readonly walkIntervalMs: number
  readonly walkTimeoutMs: number
  readonly walkPeersMax: number
  readonly pinLookupPauseMs: number
}

export interface RandomWalkComponents {
  readonly random: RandomSource
  readonly limits: WalkLimits
  /** Asks peers who is near a key, nearer and nearer. */
  readonly lookUp: (key: Uint8Array, signal: AbortSignal) => AsyncIterable<NamedPeer>
  /** Only members are: anybody can make up peers, and the admins alone make members. */
  readonly isWanted: (peerId: string) => boolean
}

const KEY_BYTES = 32

/**
 * Looks up keys in the DHT that nobody could foresee, to hear of members from others than those around this node.
 *
 * A node that only ever asks its neighbours for its own place in the mesh sees what they want it to see.
 */
export class RandomWalk {
  readonly #components: RandomWalkComponents
  #walkAtMs: number
  #seekAtMs: number

  constructor(components: RandomWalkComponents, nowMs: number) {
    this.#components = components
    this.#walkAtMs = nowMs + components.limits.walkFirstMs
    this.#seekAtMs = this.#walkAtMs
  }

  /** The key that is to be looked up now, if one is: a random one each time, or that of a peer that is sought. */
  nextKey(nowMs: number, sought: Uint8Array | undefined): Uint8Array | undefined {
    const { limits, random } = this.#components
    if (nowMs >= this.#walkAtMs) {
      this.#walkAtMs = nowMs + limits.walkIntervalMs
      return random.randomBytes(KEY_BYTES)
    }
    if (sought === undefined || nowMs < this.#seekAtMs) return undefined
    this.#seekAtMs = nowMs + limits.pinLookupPauseMs
    return sought
  }

  /**
   * The wanted peers that are named on the way to a key, each as often as it is named; at most `walkPeersMax`, in at most `walkTimeoutMs`.
   *
   * Others do not count: else whoever answers first could end the walk with names that it has made up.
   */
  async walk(key: Uint8Array, stopping: AbortSignal): Promise<readonly NamedPeer[]> {
    const { limits, lookUp, isWanted } = this.#components
    const named: NamedPeer[] = []
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(limits.walkTimeoutMs)])
    try {
      for await (const peer of lookUp(key, signal)) {
        if (!isWanted(peer.peerId)) continue
        named.push(peer)
        if (named.length >= limits.walkPeersMax) break
      }
    } catch (error) {
      // A look-up that ends early, by time or by those who were asked, has named whom it has named.
      if (named.length === 0 && !signal.aborted) throw error
    }
    return named
  }
}
