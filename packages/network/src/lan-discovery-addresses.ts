import type { Multiaddr } from '@multiformats/multiaddr'
import type { LanInterface } from './lan-discovery-interface.ts'
import { type TcpAddress, tcpAddressOf } from './lan-discovery-tcp-address.ts'

/** Where this node can be reached, as libp2p knows it. */
export interface OwnAddresses {
  /** As configured: wildcards not expanded, port 0 not filled in. */
  readonly listening: readonly Multiaddr[]
  /** What the listeners turned it into: wildcards expanded, ports real. */
  readonly bound: readonly Multiaddr[]
}

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/**
 * The addresses at which this node is reached over one interface, and over no other.
 *
 * libp2p leaves link-local addresses out of what it announces, so they are worked out here from
 * the wildcard listeners and the addresses of the interface.
 */
export function addressesOn(
  lan: LanInterface,
  { listening, bound }: OwnAddresses,
): readonly TcpAddress[] {
  const configured = listening.map(tcpAddressOf).filter((address) => address !== undefined)
  const real = bound.map(tcpAddressOf).filter((address) => address !== undefined)
  const ofFamily = configured.filter(({ family }) => family === lan.family)
  const wildcards = ofFamily.filter(({ host }) => WILDCARDS.has(host))
  const ports = new Set(wildcards.flatMap((wildcard) => portsOf(wildcard, configured, real)))
  const expanded = lan.addresses.flatMap((host) =>
    [...ports].map((port) => ({ family: lan.family, host, port })),
  )
  const exact = real.filter(
    ({ family, host }) => family === lan.family && lan.addresses.includes(host),
  )
  return unique([...expanded, ...exact])
}

/** The port of a wildcard listener; when the system chose it, those that nothing else explains. */
function portsOf(
  wildcard: TcpAddress,
  configured: readonly TcpAddress[],
  real: readonly TcpAddress[],
): readonly number[] {
  if (wildcard.port !== 0) return [wildcard.port]
  const explained = new Set(configured.map(({ port }) => port))
  return real
    .filter(({ family, port }) => family === wildcard.family && !explained.has(port))
    .map(({ port }) => port)
}

function unique(addresses: readonly TcpAddress[]): readonly TcpAddress[] {
  return [
    ...new Map(addresses.map((address) => [`${address.host} ${address.port}`, address])).values(),
  ]
}
