import {
  type PeerDiscovery,
  type PeerDiscoveryEvents,
  peerDiscoverySymbol,
  type PeerId,
  type PeerInfo,
  serviceCapabilities,
  type Startable,
} from '@libp2p/interface'
import type { AddressManager, TransportManager } from '@libp2p/interface-internal'
import type { CryptoSuite } from '@warren/crypto'
import { TypedEventEmitter } from 'main-event'
import { addressesOn } from './lan-discovery-addresses.ts'
import { HeardPeers } from './lan-discovery-heard-peers.ts'
import { isOnLink, type LanInterface } from './lan-discovery-interface.ts'
import { type AnswerNames, instanceLabel, type LanAnnouncement } from './lan-discovery-message.ts'
import { lanServiceTag } from './lan-discovery-service-tag.ts'
import { LanSockets, type LanSocketsInit } from './lan-discovery-sockets.ts'
import { dialMultiaddr } from './lan-discovery-tcp-address.ts'

const INSTANCE_BYTES = 20

export interface LanDiscoveryInit extends LanSocketsInit {
  readonly suite: Pick<CryptoSuite, 'sha256' | 'randomBytes'>
  /** Nodes find only nodes of the same mesh. */
  readonly meshId: string
}

/** What LAN discovery needs of libp2p, and nothing more. */
export interface LanDiscoveryComponents {
  readonly peerId: PeerId
  readonly addressManager: Pick<AddressManager, 'getListenAddrs' | 'getAnnounceAddrs'>
  readonly transportManager: Pick<TransportManager, 'getAddrs'>
}

/** Finds the nodes of the mesh that share a link with this one; goes into libp2p's `peerDiscovery`. */
export function lanDiscovery(
  init: LanDiscoveryInit,
): (components: LanDiscoveryComponents) => PeerDiscovery & Startable {
  return (components) => new LanDiscovery(init, components)
}

/**
 * Multicast DNS on every interface and in both IP families, without a default route.
 *
 * Dispatches `peer` with what others announce: unauthenticated hints, worth a dial and nothing
 * more. What fails is reported and tried again; nothing that comes over the wire makes it throw.
 */
class LanDiscovery
  extends TypedEventEmitter<PeerDiscoveryEvents>
  implements PeerDiscovery, Startable
{
  readonly [peerDiscoverySymbol]: PeerDiscovery = this
  readonly [serviceCapabilities]: readonly string[] = ['@libp2p/peer-discovery']
  readonly [Symbol.toStringTag]: string = '@warren/lan-discovery'
  readonly #components: LanDiscoveryComponents
  readonly #heard: HeardPeers
  readonly #sockets: LanSockets

  constructor(init: LanDiscoveryInit, components: LanDiscoveryComponents) {
    super()
    this.#components = components
    this.#heard = new HeardPeers(init.clock)
    const names: AnswerNames = {
      serviceTag: lanServiceTag(init.suite, init.meshId),
      instance: instanceLabel(init.suite.randomBytes(INSTANCE_BYTES)),
    }
    this.#sockets = new LanSockets(init, {
      names,
      announcement: (lan) => this.#announcement(lan),
      onAnnouncement: (announcement, lan) => this.#onAnnouncement(announcement, lan),
    })
  }

  /** Nothing yet: the listeners, whose ports are announced, start at the same time. */
  start(): void {}

  /** Opens the sockets, says who is here and asks who else is. Idempotent. */
  afterStart(): void {
    this.#sockets.open()
  }

  /** Resolves when all sockets are gone. Idempotent. */
  async stop(): Promise<void> {
    await this.#sockets.close()
  }

  #announcement(lan: LanInterface): LanAnnouncement {
    const { peerId, addressManager, transportManager } = this.#components
    const announced = addressManager.getAnnounceAddrs()
    const own =
      announced.length > 0
        ? { listening: [], bound: announced }
        : { listening: addressManager.getListenAddrs(), bound: transportManager.getAddrs() }
    return { peerId, addresses: addressesOn(lan, own) }
  }

  #onAnnouncement({ peerId, addresses }: LanAnnouncement, lan: LanInterface): void {
    if (peerId.equals(this.#components.peerId)) return
    // Only what is on this link: nobody makes this node dial somewhere else by one packet.
    const multiaddrs = addresses
      .filter(({ host }) => isOnLink(host, lan))
      .map((address) => dialMultiaddr(address, lan.device))
    if (multiaddrs.length === 0) return
    const news = multiaddrs.map(String).join(' ')
    if (!this.#heard.isWorthTelling(peerId.toString(), `${lan.device} ${lan.family}`, news)) return
    const detail: PeerInfo = { id: peerId, multiaddrs }
    this.dispatchEvent(new CustomEvent('peer', { detail }))
  }
}
