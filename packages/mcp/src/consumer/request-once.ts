import type { JsonRpcMessage, JsonRpcRequest } from '../json-rpc.ts'
import type { ConsumerOptions, PeerServer } from './peer.ts'
import { carryRequest } from './request-stream.ts'

/**
 * Carries one request of the stateless era (2026-07-28) without a session: yields what belongs to
 * it, then the response.
 *
 * Never throws for what a peer does: it becomes an error response. Returning early, or the signal,
 * cancels the request at the server.
 */
export function requestOnce(
  peer: PeerServer,
  request: JsonRpcRequest,
  { signal, components }: ConsumerOptions,
): AsyncGenerator<JsonRpcMessage> {
  return carryRequest(peer, {
    header: { kind: 'request', server: peer.server, after: 0 },
    request,
    signal,
    scheduler: components.scheduler,
    delivered: () => Promise.resolve(),
  })
}
