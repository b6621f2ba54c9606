import { MESSAGE_LIMITS, type MessageLimits } from '@warren/mcp'
import type { NetworkLimits } from '@warren/network'
import type { Config } from './load-config.ts'

/** The bounds of the network that the configuration moves. */
export function networkLimitsOf({ limits }: Pick<Config, 'limits'>): Partial<NetworkLimits> {
  const { connectionsMax, callsInboundMax, callsOutboundMax } = limits
  return { connectionsMax, callsInboundMax, callsOutboundMax }
}

/** The bounds of one MCP message, the same at every door: from hosts, from peers and from servers. */
export function messageLimitsOf({ limits }: Pick<Config, 'limits'>): MessageLimits {
  return { ...MESSAGE_LIMITS, messageBytesMax: limits.messageBytesMax }
}
