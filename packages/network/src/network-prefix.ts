import type { Multiaddr } from '@multiformats/multiaddr'
import { getNetConfig, isNetworkAddress } from '@libp2p/utils'

/** Where a connection comes from: its address, and the network around it. */
export interface Origin {
  readonly host: string
  /** The /24 of an IPv4 address, the /64 of an IPv6 address. */
  readonly network: string
}

const UNKNOWN: Origin = { host: 'unknown', network: 'unknown' }
/** IPv4-mapped addresses (RFC 4291 §2.5.5.2), as a socket for both families shows IPv4 peers. */
const MAPPED_PREFIX = '0:0:0:0:0:ffff'
const BYTES_IN_GROUP = 256
const IPV6_GROUPS = 8
const IPV6_NETWORK_GROUPS = 4

/** Origins of one kind count together, whatever the notation of the address. */
export function originOf(address: Multiaddr): Origin {
  if (!isNetworkAddress(address)) return UNKNOWN
  const { type, host } = getNetConfig(address)
  if (type === 'ip4') return ipv4Origin(host)
  if (type !== 'ip6') return UNKNOWN
  const groups = expandIpv6(host.toLowerCase())
  if (groups.slice(0, -2).join(':') === MAPPED_PREFIX) return ipv4Origin(dotted(groups.slice(-2)))
  return { host: groups.join(':'), network: groups.slice(0, IPV6_NETWORK_GROUPS).join(':') }
}

function dotted(groups: readonly string[]): string {
  const bytes = groups.flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [Math.floor(value / BYTES_IN_GROUP), value % BYTES_IN_GROUP]
  })
  return bytes.join('.')
}

function ipv4Origin(host: string): Origin {
  return { host, network: host.slice(0, host.lastIndexOf('.')) }
}

/** The eight groups without leading zeros, `::` written out. */
function expandIpv6(host: string): readonly string[] {
  const [head = '', tail] = host.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from(
    { length: Math.max(0, IPV6_GROUPS - left.length - right.length) },
    () => '0',
  )
  const groups = tail === undefined ? left : [...left, ...zeros, ...right]
  return groups.map((group) => group.replace(/^0+(?=.)/, ''))
}
