import { BoundedMap, type Clock } from '@warren/core'
import type { Origin } from './network-prefix.ts'
import type { NetworkLimits } from './network-limits.ts'

const NETWORKS_TRACKED_MAX = 4_096

interface Window {
  readonly startedAtMs: number
  opened: number
}

/**
 * How many connections may come in: at which rate from one network, and how many of one host, of
 * one network and of all may be on their way to admission, and how many may be there in all.
 *
 * libp2p's own limit of pending connections is global, so that one idle host can use it up.
 */
export class InboundAllowance {
  readonly #clock: Clock
  readonly #limits: NetworkLimits
  readonly #windows: BoundedMap<string, Window> = new BoundedMap(NETWORKS_TRACKED_MAX)
  readonly #pendingByHost = new Map<string, number>()
  readonly #pendingByNetwork = new Map<string, number>()
  #pending = 0
  #open = 0

  constructor(clock: Clock, limits: NetworkLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  /**
   * Takes the place that a connection has as long as it lives, and returns what frees it, once; nothing when there is
   * none. However many come in, places are left for those whom this node dials.
   */
  enter(): (() => void) | undefined {
    const { connectionsMax, connectionsReserved } = this.#limits
    const reserved = Math.min(connectionsReserved, Math.floor(connectionsMax / 2))
    if (this.#open >= connectionsMax - reserved) return undefined
    this.#open += 1
    let isIn = true
    return () => {
      if (isIn) this.#open -= 1
      isIn = false
    }
  }

  /** Takes a place on the way to admission and returns what frees it, once; nothing when there is none. */
  take({ host, network }: Origin): (() => void) | undefined {
    if (!this.#isSlowEnough(network)) return undefined
    const { pendingMax, pendingPerHostMax, pendingPerNetworkMax } = this.#limits
    const ofHost = this.#pendingByHost.get(host) ?? 0
    const ofNetwork = this.#pendingByNetwork.get(network) ?? 0
    const isFull =
      this.#pending >= pendingMax ||
      ofHost >= pendingPerHostMax ||
      ofNetwork >= pendingPerNetworkMax
    if (isFull) return undefined
    this.#pending += 1
    this.#pendingByHost.set(host, ofHost + 1)
    this.#pendingByNetwork.set(network, ofNetwork + 1)
    let isTaken = true
    return () => {
      if (!isTaken) return
      isTaken = false
      this.#pending -= 1
      decrement(this.#pendingByHost, host)
      decrement(this.#pendingByNetwork, network)
    }
  }

  #isSlowEnough(network: string): boolean {
    const nowMs = this.#clock.monotonicMs()
    const { networkWindowMs, connectionsPerWindowMax } = this.#limits
    const window = this.#windows.get(network)
    if (window === undefined || nowMs - window.startedAtMs >= networkWindowMs) {
      this.#windows.set(network, { startedAtMs: nowMs, opened: 1 })
      return true
    }
    window.opened += 1
    return window.opened <= connectionsPerWindowMax
  }
}

function decrement(counts: Map<string, number>, key: string): void {
  const count = (counts.get(key) ?? 0) - 1
  if (count > 0) counts.set(key, count)
  else counts.delete(key)
}
