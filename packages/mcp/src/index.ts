/**
 * MCP at the edge of the mesh: servers on one side, AI hosts on the other, and the raw relay between them.
 *
 * Specified in docs/specs/mcp.md.
 *
 * @packageDocumentation
 */
export type {
  AllowedCall,
  CallAnswer,
  Caller,
  CallEnd,
  EndVerdict,
  Gate,
  GateAnswer,
  GateQuestion,
  Hold,
  Refusal,
  Waiting,
  WaitingNote,
} from './gate.ts'
export type { HostChannel } from './host-channel.ts'
export {
  idAt,
  isNotification,
  isRequest,
  isRequestId,
  isResponse,
  type JsonRpcError,
  type JsonRpcMessage,
  type JsonRpcNotification,
  type JsonRpcRequest,
  type JsonRpcResponse,
  type JsonRpcResult,
  metaOf,
  objectAt,
  paramsOf,
  type RequestId,
} from './json-rpc.ts'
export { LineReader } from './line-reader.ts'
export { asMcpError, McpError, type McpErrorCode } from './mcp-error.ts'
export type { MeshStream, OpenStream } from './mesh-stream.ts'
export { encodeMessage, MessageError, parseMessage } from './message-door.ts'
export { MESSAGE_LIMITS, type MessageLimits } from './message-limits.ts'
export { type Logger, type Scheduler, systemScheduler } from './ports.ts'
export { errorAnswer, RPC_CODE } from './rpc-answer.ts'
export { wordOfNode, type WordOfNode } from './word-of-node.ts'
export {
  type HttpServer,
  indexServers,
  isServerName,
  type ProcessServer,
  type ServerDefinition,
  type ServerSummary,
  serverUrlProblem,
} from './server-definition.ts'
export { readMessages, type ReadMessagesInit } from './read-messages.ts'
export type {
  CallJournal,
  JournaledCall,
  JournaledEnd,
  LeavingMessage,
} from './consumer/call-journal.ts'
export { type ExchangeRequest, type ExchangeResponse, openExchange } from './consumer/exchange.ts'
export { listServers } from './consumer/list-servers.ts'
export { presentTo } from './consumer/present.ts'
export { type HostSession, openSession, type OpenSessionInit } from './consumer/open-session.ts'
export type { ConsumerComponents, ConsumerOptions, PeerServer } from './consumer/peer.ts'
export { RELAY_LIMITS, type RelayLimits } from './consumer/relay-limits.ts'
export { requestOnce } from './consumer/request-once.ts'
export { REQUEST_HEADERS, RESPONSE_HEADERS } from './http/header-fields.ts'
export { REFUSAL_META_KEY } from './word-of-node.ts'
export { Provider, type ProviderInit, type ProviderStatus } from './provider/provider.ts'
export type { ProviderEvent } from './provider/provider-event.ts'
export { PROVIDER_LIMITS, type ProviderLimits } from './provider/provider-limits.ts'
export {
  AggregateEndpoint,
  type AggregateComponents,
  type AggregateEndpointInit,
} from './entry/aggregate/aggregate-endpoint.ts'
export { AGGREGATE_LIMITS, type AggregateLimits } from './entry/aggregate/aggregate-limits.ts'
export {
  AGGREGATE_NAME_LENGTH_MAX,
  aggregateName,
  type NamedThing,
} from './entry/aggregate/aggregate-name.ts'
export type { ServerInfo } from './entry/aggregate/host-call.ts'
export type {
  Catalog,
  CatalogServer,
  Endpoint,
  EndpointSession,
  UnsentRequest,
} from './entry/endpoint.ts'
export { EntryError, type EntryErrorCode } from './entry/http/entry-error.ts'
export {
  HttpEntry,
  type HttpEntryComponents,
  type HttpEntryInit,
  type Readiness,
} from './entry/http/http-entry.ts'
export { HTTP_LIMITS, type HttpLimits } from './entry/http/http-limits.ts'
export type { Sha256 } from './entry/http/token-check.ts'
export { peerEndpoint, type PeerEndpointInit } from './entry/peer-endpoint.ts'
export { type PumpEnd, pumpStdio, type StdioPipe } from './entry/pump-stdio.ts'
export { serveStream, type ServeStreamInit } from './entry/serve-stream.ts'
export { StreamChannel, type StreamChannelInit } from './entry/stream-channel.ts'
