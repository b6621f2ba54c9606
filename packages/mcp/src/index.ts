/**
 * MCP at the edge of the mesh: servers on one side, AI hosts on the other, and the raw relay between them.
 *
 * Specified in docs/specs/mcp.md.
 *
 * @packageDocumentation
 */
export type { Caller, Gate, GateAnswer, GateQuestion } from './gate.ts'
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
export {
  type HttpServer,
  indexServers,
  isServerName,
  type ProcessServer,
  type ServerDefinition,
  type ServerSummary,
} from './server-definition.ts'
export { readMessages, type ReadMessagesInit } from './read-messages.ts'
export { type ExchangeRequest, type ExchangeResponse, openExchange } from './consumer/exchange.ts'
export { listServers } from './consumer/list-servers.ts'
export { type HostSession, openSession, type OpenSessionInit } from './consumer/open-session.ts'
export type { ConsumerComponents, ConsumerOptions, PeerServer } from './consumer/peer.ts'
export { RELAY_LIMITS, type RelayLimits } from './consumer/relay-limits.ts'
export { requestOnce } from './consumer/request-once.ts'
export { REQUEST_HEADERS, RESPONSE_HEADERS } from './http/header-fields.ts'
export { REFUSAL_META_KEY } from './provider/gatekeeper.ts'
export { Provider, type ProviderInit, type ProviderStatus } from './provider/provider.ts'
export type { ProviderEvent } from './provider/provider-event.ts'
export { PROVIDER_LIMITS, type ProviderLimits } from './provider/provider-limits.ts'
