import {
  MESSAGE_LIMITS,
  type MessageLimits,
  PROVIDER_LIMITS,
  type ProviderLimits,
} from '@warren/mcp'
import type { NetworkLimits } from '@warren/network'
import type { Config } from './load-config.ts'

/** The bounds of the network that the configuration moves. */
export function networkLimitsOf({ limits }: Pick<Config, 'limits'>): Partial<NetworkLimits> {
  const { messageBytesMax: _, ...network } = limits
  return network
}

/** The bounds of the provider: a call that the network takes in must find a place there, too. */
export function providerLimitsOf(config: Pick<Config, 'limits'>): Partial<ProviderLimits> {
  const { callsInboundPerMemberMax } = config.limits
  const streamsPerCallerMax = Math.max(
    PROVIDER_LIMITS.streamsPerCallerMax,
    callsInboundPerMemberMax,
  )
  return { ...messageLimitsOf(config), streamsPerCallerMax }
}

/** The bounds of one MCP message, the same at every door: from hosts, from peers and from servers. */
export function messageLimitsOf({ limits }: Pick<Config, 'limits'>): MessageLimits {
  return { ...MESSAGE_LIMITS, messageBytesMax: limits.messageBytesMax }
}
