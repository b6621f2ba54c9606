import { multiaddr } from '@multiformats/multiaddr'
import type { Candidate } from './candidate-book.ts'
import type { Peer } from './network-events.ts'
import { originOf } from './network-prefix.ts'
import type { ConnectedPeer, PlacedPeer } from './peer-diversity.ts'
import type { MeshMember } from './ports.ts'

/** Where a connected peer stands: by the address that it really has. */
export function connectedPeer(
  { peerId, address, direction }: Peer,
  member: MeshMember | undefined,
): ConnectedPeer {
  return {
    peerId,
    enclave: member?.enclave,
    network: networkOf(address),
    isWitness: member?.isWitness === true,
    isChosen: direction === 'outbound',
  }
}

/** Where a member would stand, by the newest of the addresses that others gave for it. */
export function candidateOf(
  { peerId, addresses }: Candidate,
  { enclave, isWitness }: MeshMember,
): PlacedPeer {
  return { peerId, enclave, network: networkOf(addresses[0]), isWitness }
}

/** Undefined for what has no network, as a host name or no address at all. */
function networkOf(address: string | undefined): string | undefined {
  if (address === undefined) return undefined
  const { network } = originOf(multiaddr(address))
  return network === 'unknown' ? undefined : network
}
