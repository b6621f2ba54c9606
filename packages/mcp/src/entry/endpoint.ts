import type { ExchangeRequest, ExchangeResponse } from '../consumer/exchange.ts'
import type { HostChannel } from '../host-channel.ts'
import type { JsonRpcMessage, JsonRpcRequest } from '../json-rpc.ts'
import type { McpError } from '../mcp-error.ts'

/** A session between one host and what stands behind an endpoint. */
export interface EndpointSession {
  /** Resolves once the session is over: with nothing when the host closed it, else with the reason. Never rejects. */
  readonly ended: Promise<McpError | undefined>
  close(reason: McpError): void
}

/**
 * What a host can be connected to: one server of one peer, or the aggregate of many.
 *
 * An entry does not know which. It hands over a whole session, one request without a session, or,
 * where the server speaks HTTP itself, the HTTP exchange as it is.
 */
export interface Endpoint {
  /** Takes over a host's connection. After a rejection, which is an `McpError`, the channel is untouched. */
  openSession(host: HostChannel, signal: AbortSignal): Promise<EndpointSession>
  /**
   * One request of the stateless era (2026-07-28): yields what belongs to it, then the response.
   * Never throws for what the peer does. Returning early, or the signal, cancels it.
   */
  request(request: JsonRpcRequest, signal: AbortSignal): AsyncIterable<JsonRpcMessage>
  /** There where the server speaks HTTP: carries one HTTP exchange. Rejects with an `McpError`. */
  exchange?(request: ExchangeRequest, signal: AbortSignal): Promise<ExchangeResponse>
}

/** One server somewhere in the mesh, by its local name. */
export interface CatalogServer {
  /** Local and stable: it depends on `did` and `server` alone, never on who is here. */
  readonly alias: string
  /** The peer that owns the server. */
  readonly did: string
  /** The server's name at its owner. */
  readonly server: string
  readonly title?: string
  readonly transport: 'stdio' | 'http'
}

/** Which servers a host may use now: the port through which the entries see the mesh. */
export interface Catalog {
  servers(): readonly CatalogServer[]
  /** The endpoint of that alias, or nothing when its owner is not here. */
  endpoint(alias: string): Endpoint | undefined
  /** Calls the listener after each change of `servers()`; the returned function takes it back. */
  onChange(listener: () => void): () => void
  /** Told of a request of a host that came to no endpoint, so that somebody can write it down. Never rejects. */
  unsent?(unsent: UnsentRequest): Promise<void>
}

/** A request of a host that has not left this node. */
export interface UnsentRequest {
  readonly request: JsonRpcRequest
  /** The alias of the server for which it was meant, where that is known. */
  readonly alias?: string
  /** What the host calls itself, where it has said so. */
  readonly client?: string
  /** Why: the code of an error, which never changes. */
  readonly code: string
}
