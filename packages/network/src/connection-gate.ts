import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface'
import type { Expulsions } from './expulsions.ts'
import type { InboundAllowance } from './inbound-allowance.ts'
import { originOf } from './network-prefix.ts'

/** Refuses connections before any of our time is spent on them, and peers that were expelled. */
export class ConnectionGate implements ConnectionGater {
  readonly #allowance: InboundAllowance
  readonly #expulsions: Expulsions
  readonly #places = new WeakMap<object, () => void>()

  constructor(allowance: InboundAllowance, expulsions: Expulsions) {
    this.#allowance = allowance
    this.#expulsions = expulsions
  }

  readonly denyInboundConnection = (connection: MultiaddrConnection): boolean => {
    const free = this.#allowance.take(originOf(connection.remoteAddr))
    if (free === undefined) return true
    const leave = this.#allowance.enter()
    if (leave === undefined) {
      free()
      return true
    }
    this.#places.set(connection.timeline, free)
    connection.addEventListener('close', free)
    connection.addEventListener('close', leave)
    return false
  }

  readonly denyDialPeer = (peer: PeerId): boolean => this.#isExpelled(peer)
  readonly denyInboundEncryptedConnection = (peer: PeerId): boolean => this.#isExpelled(peer)
  readonly denyOutboundEncryptedConnection = (peer: PeerId): boolean => this.#isExpelled(peer)

  /** The connection with this timeline is no longer on its way: both sides have admitted each other. */
  release(timeline: object): void {
    this.#places.get(timeline)?.()
  }

  #isExpelled(peer: PeerId): boolean {
    return this.#expulsions.hasPeer(peer.toString())
  }
}
