import type { RandomSource } from '@warren/core'
import { openExchange } from '../consumer/exchange.ts'
import { openSession } from '../consumer/open-session.ts'
import type { ConsumerComponents, PeerServer } from '../consumer/peer.ts'
import { requestOnce } from '../consumer/request-once.ts'
import type { ServerSummary } from '../server-definition.ts'
import type { Endpoint } from './endpoint.ts'

export interface PeerEndpointInit {
  readonly peer: PeerServer
  /** What the peer says about its server: HTTP exchanges are carried to an HTTP server alone. */
  readonly transport: ServerSummary['transport']
  readonly random: RandomSource
  readonly components: ConsumerComponents
}

/** The endpoint of one server of one peer. */
export function peerEndpoint({ peer, transport, random, components }: PeerEndpointInit): Endpoint {
  const endpoint: Endpoint = {
    openSession: (host, signal) => openSession({ peer, host, random, components, signal }),
    request: (request, signal) => requestOnce(peer, request, { signal, components }),
  }
  if (transport !== 'http') return endpoint
  return {
    ...endpoint,
    exchange: (request, signal) => openExchange(peer, request, { signal, components }),
  }
}
