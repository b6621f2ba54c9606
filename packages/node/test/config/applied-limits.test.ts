import { MESSAGE_LIMITS } from '@warren/mcp'
import { expect, test } from 'vitest'
import {
  messageLimitsOf,
  networkLimitsOf,
  providerLimitsOf,
} from '../../src/config/applied-limits.ts'
import { parseConfig } from '../../src/config/load-config.ts'

test(
  'the limits of the configuration are those of the network and of every door',
  { tags: ['CFG-14'] },
  () => {
    const limits = {
      messageBytesMax: 65_536,
      connectionsMax: 1,
      callsInboundMax: 2,
      callsInboundPerMemberMax: 1_025,
      callsOutboundMax: 3,
      callsOutboundPerMemberMax: 5,
    }
    const config = parseConfig(JSON.stringify({ name: 'a', limits }))
    expect(networkLimitsOf(config)).toEqual({
      connectionsMax: 1,
      callsInboundMax: 2,
      callsInboundPerMemberMax: 1_025,
      callsOutboundMax: 3,
      callsOutboundPerMemberMax: 5,
    })
    expect(providerLimitsOf(config)).toEqual({
      ...MESSAGE_LIMITS,
      messageBytesMax: 65_536,
      streamsPerCallerMax: 1_025,
    })
    expect(messageLimitsOf(config)).toEqual({ ...MESSAGE_LIMITS, messageBytesMax: 65_536 })
  },
)
