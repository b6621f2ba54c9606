import { isLoopback } from '@libp2p/utils'
import { CODE_P2P, type Multiaddr } from '@multiformats/multiaddr'

/**
 * The addresses that a node tells others, from those of its listeners on all interfaces.
 *
 * libp2p would leave out what looks public until somebody has verified it, which on a plant that
 * numbers its machines so is never. Loopback is told only when there is nothing else.
 */
export function announcedAddresses(
  listening: readonly Multiaddr[],
  peerId: string,
): readonly Multiaddr[] {
  const unique = new Map(listening.map((address) => [address.toString(), address]))
  const all = [...unique.values()]
  const reachable = all.filter((address) => !isLoopback(address))
  return (reachable.length > 0 ? reachable : all).map((address) =>
    address.decapsulateCode(CODE_P2P).encapsulate(`/p2p/${peerId}`),
  )
}
