import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { type IpFamily, isLinkLocal } from './lan-discovery-interface.ts'

/** An IP address and a TCP port: all that LAN discovery ever announces or believes. */
export interface TcpAddress {
  readonly family: IpFamily
  /** Without zone. */
  readonly host: string
  readonly port: number
}

const FAMILY_OF: ReadonlyMap<string, IpFamily> = new Map([
  ['ip4', 'ipv4'],
  ['ip6', 'ipv6'],
])
const PROTOCOL_OF: Readonly<Record<IpFamily, string>> = { ipv4: 'ip4', ipv6: 'ip6' }

/** Reads `/ip4|ip6/<host>/tcp/<port>[/p2p/<id>]`; undefined for every other shape. */
export function tcpAddressOf(address: Multiaddr): TcpAddress | undefined {
  const components = address.getComponents()
  const [ip, tcp, p2p] = components
  if (components.length > 3 || (p2p !== undefined && p2p.name !== 'p2p')) return undefined
  const family = FAMILY_OF.get(ip?.name ?? '')
  if (family === undefined || ip?.value === undefined) return undefined
  if (tcp?.name !== 'tcp' || tcp.value === undefined) return undefined
  return { family, host: ip.value, port: Number(tcp.value) }
}

/** Writes the address as it goes over the wire: a zone means nothing to another host. */
export function wireMultiaddr({ family, host, port }: TcpAddress): string {
  return `/${PROTOCOL_OF[family]}/${host}/tcp/${port}`
}

/** The address as this host dials it: a link-local one with the interface that it belongs to. */
export function dialMultiaddr(address: TcpAddress, device: string): Multiaddr {
  const zone = isLinkLocal(address.host) ? `/ip6zone/${device}` : ''
  return multiaddr(`${zone}${wireMultiaddr(address)}`)
}
