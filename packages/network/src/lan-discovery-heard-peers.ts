import { BoundedMap, type Clock } from '@warren/core'
import { Allowance } from './lan-discovery-allowance.ts'

/** Whoever is on the wire can invent peers: this bounds what they cost. */
const PEERS_MAX = 256
const INTERFACES_PER_PEER_MAX = 8
const REPORTS_PER_SECOND_MAX = 32
/** The same news of a peer is told again after this long, because a dial may have failed. */
const REPEAT_MS = 3_000
/** Other news of a peer are told after this long at the earliest: someone may be making them up. */
const CHANGE_MS = 1_000

interface Heard {
  readonly atMs: number
  readonly addresses: string
}

/** Decides which announcements are worth telling. Bounded: of 256 peers the one heard first is forgotten. */
export class HeardPeers {
  readonly #clock: Clock
  readonly #reports: Allowance
  readonly #peers = new BoundedMap<string, BoundedMap<string, Heard>>(PEERS_MAX)

  constructor(clock: Clock) {
    this.#clock = clock
    this.#reports = new Allowance(clock, REPORTS_PER_SECOND_MAX)
  }

  /** True when the announcement, heard on that interface, is new or due again, and within the limits. */
  isWorthTelling(peerId: string, device: string, addresses: string): boolean {
    const nowMs = this.#clock.monotonicMs()
    const last = this.#peers.get(peerId)?.get(device)
    const pauseMs = last?.addresses === addresses ? REPEAT_MS : CHANGE_MS
    if (last !== undefined && nowMs - last.atMs < pauseMs) return false
    if (!this.#reports.take()) return false
    const devices =
      this.#peers.get(peerId) ?? new BoundedMap<string, Heard>(INTERFACES_PER_PEER_MAX)
    devices.set(device, { atMs: nowMs, addresses })
    this.#peers.set(peerId, devices)
    return true
  }
}
