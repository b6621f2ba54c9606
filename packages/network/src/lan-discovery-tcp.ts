import { Server, type Socket } from 'node:net'
import type { Listener, Transport } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * Lets a TCP transport of @libp2p/tcp use IPv6 link-local addresses, which it half knows.
 *
 * Dialling `/ip6zone/<device>/ip6/fe80::…/tcp/…`, it drops the zone, without which a host with
 * several interfaces cannot tell where to; and it refuses every inbound link-local connection,
 * because Node writes the remote address with a zone and @libp2p/utils takes none. Both are mended
 * at the seams of the transport: the dial options, which it hands to `net.connect`, and the
 * `connection` event of its server.
 */
export function withLinkLocal<Components>(
  factory: (components: Components) => Transport,
): (components: Components) => Transport {
  return (components) => {
    const transport = factory(components)
    const dial = transport.dial.bind(transport)
    const createListener = transport.createListener.bind(transport)
    transport.dial = (address, options) => {
      const host = zonedHost(address)
      if (host === undefined) return dial(address, options)
      const zoned = { ...options, host }
      return dial(address, zoned)
    }
    transport.createListener = (options) => acceptingZones(createListener(options))
    return transport
  }
}

/** `fe80::1%eth0` for `/ip6zone/eth0/ip6/fe80::1/…`; undefined for an address without zone. */
export function zonedHost(address: Multiaddr): string | undefined {
  const [zone, ip] = address.getComponents()
  if (zone?.name !== 'ip6zone' || ip?.name !== 'ip6') return undefined
  if (zone.value === undefined || ip.value === undefined) return undefined
  return `${ip.value}%${zone.value}`
}

function acceptingZones(listener: Listener): Listener {
  if ('server' in listener && listener.server instanceof Server) {
    // Before the transport's own listener reads the address.
    listener.server.prependListener('connection', cutZone)
  }
  return listener
}

function cutZone(socket: Socket): void {
  const [address, zone] = socket.remoteAddress?.split('%') ?? []
  if (zone !== undefined) Object.defineProperty(socket, 'remoteAddress', { value: address })
}
