import { BlockList, isIPv6 } from 'node:net'
import type { NetworkInterfaceInfo } from 'node:os'

export type IpFamily = 'ipv4' | 'ipv6'

const FAMILIES: readonly IpFamily[] = ['ipv4', 'ipv6']

/** One network interface seen through one IP family: one multicast socket. */
export interface LanInterface {
  /** The system's name, such as `eth0`. */
  readonly device: string
  readonly family: IpFamily
  /** The loopback device: what is announced there, is for this machine alone. */
  readonly internal: boolean
  /** The addresses of this interface and family, without zone. */
  readonly addresses: readonly string[]
  /** Tells whether an address lies in a subnet of this interface. */
  readonly subnets: BlockList
}

/** What `os.networkInterfaces()` returns. */
export type NetworkInterfaces = Readonly<
  Record<string, readonly NetworkInterfaceInfo[] | undefined>
>

/**
 * Sorts what the system says into one entry for each interface and family.
 *
 * The loopback device is used through IPv4 alone: it has no route for IPv6 multicast.
 */
export function lanInterfaces(found: NetworkInterfaces): readonly LanInterface[] {
  return Object.entries(found).flatMap(([device, infos = []]) =>
    FAMILIES.flatMap((family) => ofFamily(device, family, infos)),
  )
}

/** What makes an entry the same one at the next look: a change of it needs a new socket. */
export function interfaceKey({ device, family, addresses }: LanInterface): string {
  // An IPv4 socket sends from its first address; an IPv6 socket is bound to the device alone.
  return family === 'ipv4' ? `${family} ${device} ${addresses[0]}` : `${family} ${device}`
}

/**
 * Tells whether a packet came over this interface. RFC 6762 §11: its source is on the local link.
 *
 * The kernel hands a multicast packet to every socket of the host that is bound to the port,
 * whatever interface it came by.
 */
export function isFromInterface(source: string, lan: LanInterface): boolean {
  const [address = '', zone] = source.split('%')
  if (zone !== undefined && zone !== lan.device) return false
  return isOnLink(address, lan)
}

/** Tells whether an address without zone can be reached over this interface without a router. */
export function isOnLink(address: string, { family, subnets }: LanInterface): boolean {
  if (isIPv6(address) !== (family === 'ipv6')) return false
  return isLinkLocal(address) || subnets.check(address, family)
}

/** Tells an IPv6 address that means something on one link only (RFC 4291 §2.5.6). */
export function isLinkLocal(address: string): boolean {
  return isIPv6(address) && LINK_LOCAL.check(address, 'ipv6')
}

const LINK_LOCAL = new BlockList()
LINK_LOCAL.addSubnet('fe80::', 10, 'ipv6')

function ofFamily(
  device: string,
  family: IpFamily,
  infos: readonly NetworkInterfaceInfo[],
): readonly LanInterface[] {
  const own = infos.filter((info) => info.family.toLowerCase() === family)
  const [first] = own
  if (first === undefined || (first.internal && family === 'ipv6')) return []
  const subnets = new BlockList()
  for (const { address, cidr } of own) {
    const prefix = Number(cidr?.split('/')[1])
    if (Number.isInteger(prefix)) subnets.addSubnet(address, prefix, family)
  }
  const addresses = own.map(({ address }) => address)
  return [{ device, family, internal: first.internal, addresses, subnets }]
}
