import { kadDHT, type KadDHT, type KadDHTComponents, passthroughMapper } from '@libp2p/kad-dht'
import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { meshPrefix } from './mesh-prefix.ts'
import { NetworkError } from './network-error.ts'
import { isDialable, peerIdOfAddress, withPeerId } from './peer-address.ts'
import type { NamedPeer } from './random-walk.ts'

/** In one answer: as many as Kademlia names. */
const PEERS_NAMED_MAX = 20
/** Of one peer that is named in one answer. */
const ADDRESSES_NAMED_MAX = 4

/**
 * The DHT of one mesh: every node a server, private addresses kept, and no values.
 *
 * libp2p's default is a client that drops private addresses, which on a network of its own finds
 * nobody and says nothing. Records in the DHT are not signed by it, so that all values are refused
 * until there are signed ones; `pk` is the one kind that it would accept by default.
 */
export function privateDht(meshId: string): (components: KadDHTComponents) => KadDHT {
  return kadDHT({
    protocol: dhtProtocol(meshId),
    clientMode: false,
    peerInfoMapper: passthroughMapper,
    allowQueryWithZeroPeers: true,
    validators: { pk: refuseValue },
  })
}

export function dhtProtocol(meshId: string): string {
  return `${meshPrefix(meshId)}/kad/1.0.0`
}

/** How the DHT of this node stands. */
export interface DhtStatus {
  readonly protocol: string
  readonly mode: 'client' | 'server'
  /** Peers in the routing table. */
  readonly peers: number
}

export function dhtStatus(dht: KadDHT, meshId: string): DhtStatus {
  const peers = hasRoutingTable(dht) ? dht.routingTable.size : 0
  return { protocol: dhtProtocol(meshId), mode: dht.getMode(), peers }
}

/**
 * Whom peers name that are asked for those near a key, nearer and nearer. Nothing of it is vouched for.
 *
 * One answer names nobody twice and no more than an honest one does, so that a single peer cannot fill a walk, nor
 * push out what others say of somebody.
 */
export async function* namedNear(
  dht: Pick<KadDHT, 'getClosestPeers'>,
  key: Uint8Array,
  signal: AbortSignal,
): AsyncGenerator<NamedPeer> {
  for await (const event of dht.getClosestPeers(key, { signal })) {
    if (event.name !== 'PEER_RESPONSE') continue
    const named = new Map(event.closer.map((peer) => [peer.id.toString(), peer.multiaddrs]))
    for (const [peerId, multiaddrs] of [...named].slice(0, PEERS_NAMED_MAX)) {
      yield { peerId, addresses: addressesOf(peerId, multiaddrs) }
    }
  }
}

/** The address of another peer is none of this one. */
function addressesOf(peerId: string, multiaddrs: readonly Multiaddr[]): readonly string[] {
  return multiaddrs
    .filter((address) => isDialable(address) && (peerIdOfAddress(address) ?? peerId) === peerId)
    .slice(0, ADDRESSES_NAMED_MAX)
    .map((address) => withPeerId(address, peerId))
}

/** Drops a peer from the routing table at once instead of when it next fails to answer. */
export async function forgetInDht(dht: KadDHT, peer: PeerId): Promise<void> {
  if (hasRoutingTable(dht)) await dht.routingTable.remove(peer)
}

interface RoutingTable {
  readonly size: number
  remove(peer: PeerId): Promise<void>
}

/** libp2p's type hides the table that its class has. */
function hasRoutingTable(dht: object): dht is { readonly routingTable: RoutingTable } {
  return (
    'routingTable' in dht &&
    typeof dht.routingTable === 'object' &&
    dht.routingTable !== null &&
    'remove' in dht.routingTable &&
    typeof dht.routingTable.remove === 'function'
  )
}

async function refuseValue(): Promise<void> {
  throw new NetworkError('message-malformed', 'the DHT of this mesh holds no values')
}
