import { isJsonObject, type JsonObject } from '@warren/core'
import {
  type JsonRpcMessage,
  type JsonRpcRequest,
  type JsonRpcResponse,
  metaOf,
  objectAt,
} from '../../json-rpc.ts'
import { ENVELOPE, type Era, eraOfRequest, MODERN_VERSION } from '../era.ts'
import { RpcRefusal } from './rpc-refusal.ts'

/** One request of a host on its way through the aggregate. */
export interface HostCall {
  readonly request: JsonRpcRequest
  /** Aborted when the host has cancelled the request or is gone. */
  readonly signal: AbortSignal
  /** Sends what belongs to the request ahead of its response. */
  emit(message: JsonRpcMessage): Promise<void>
}

/** What the aggregate calls itself towards hosts. */
export interface ServerInfo {
  readonly name: string
  readonly version: string
}

/**
 * The era of a call, once its envelope has been checked.
 *
 * @throws RpcRefusal `version-unsupported`, `params-invalid`
 */
export function checkedEra({ request }: HostCall): Era {
  if (eraOfRequest(request) === 'legacy') return 'legacy'
  const meta = metaOf(request)
  const requested = meta[ENVELOPE.protocolVersion]
  if (typeof requested !== 'string') {
    throw new RpcRefusal('params-invalid', 'the protocol version in _meta must be a string')
  }
  if (requested !== MODERN_VERSION) {
    const data = { supported: [MODERN_VERSION], requested }
    throw new RpcRefusal('version-unsupported', 'this version of MCP is not supported', data)
  }
  if (!isJsonObject(meta[ENVELOPE.clientCapabilities])) {
    throw new RpcRefusal('params-invalid', 'the client capabilities in _meta must be an object')
  }
  return 'modern'
}

/** A result of the aggregate's own, in the era of the call. */
export function ownResult(call: HostCall, result: JsonObject, info: ServerInfo): JsonRpcResponse {
  const { id } = call.request
  if (eraOfRequest(call.request) === 'legacy') return { jsonrpc: '2.0', id, result }
  const meta = { ...objectAt(result, '_meta'), [ENVELOPE.serverInfo]: { ...info } }
  return { jsonrpc: '2.0', id, result: { resultType: 'complete', ...result, _meta: meta } }
}

/** What may be kept of a list or discovery: nothing, since policy may depend on who asks, and when. */
export function uncached(call: HostCall): JsonObject {
  return eraOfRequest(call.request) === 'legacy' ? {} : { ttlMs: 0, cacheScope: 'private' }
}
