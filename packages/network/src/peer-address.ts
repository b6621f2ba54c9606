import { CODE_P2P, type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { NetworkError } from './network-error.ts'

const ADDRESS_CHARACTERS_MAX = 512

/** Reads a multiaddr that came from outside: TCP over an IP address or a host name, with or without a peer id. */
export function parsePeerAddress(text: string): Multiaddr {
  if (text.length > ADDRESS_CHARACTERS_MAX) throw malformed()
  let address: Multiaddr
  try {
    address = multiaddr(text)
  } catch (error) {
    throw malformed(error)
  }
  if (!isDialable(address)) throw malformed()
  return address
}

/** Whether it is an address that this node dials. */
export function isDialable(address: Multiaddr): boolean {
  const names = address.getComponents().map(({ name }) => name)
  return /^(?:ip6zone,)?(?:ip4|ip6|dns|dns4|dns6),tcp(?:,p2p)?$/.test(names.join())
}

/** The address with the peer id that must answer there. */
export function withPeerId(address: Multiaddr, peerId: string): string {
  if (peerIdOfAddress(address) !== undefined) return address.toString()
  return address.encapsulate(`/p2p/${peerId}`).toString()
}

export function peerIdOfAddress(address: Multiaddr): string | undefined {
  return address.getComponents().find(({ code }) => code === CODE_P2P)?.value
}

/** The address without the peer id: the same for everybody who dials it. */
export function bareAddress(address: Multiaddr): string {
  return address.decapsulateCode(CODE_P2P).toString()
}

function malformed(cause?: unknown): NetworkError {
  const message =
    'an address is like /ip4/192.0.2.7/tcp/4001 or /ip4/192.0.2.7/tcp/4001/p2p/<peer id>'
  return new NetworkError('address-malformed', message, { cause })
}
