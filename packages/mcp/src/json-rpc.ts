import { isJsonObject, type JsonObject, type JsonValue } from '@warren/core'

/** A request id or a progress token. Integers and strings; 1 and "1" are two ids. */
export type RequestId = string | number

/** Asks for a response. Unknown fields are kept wherever they stand. */
export interface JsonRpcRequest extends JsonObject {
  readonly jsonrpc: '2.0'
  readonly id: RequestId
  readonly method: string
}

/** Tells something and expects nothing. */
export interface JsonRpcNotification extends JsonObject {
  readonly jsonrpc: '2.0'
  readonly method: string
}

/** The good end of a request. */
export interface JsonRpcResult extends JsonObject {
  readonly jsonrpc: '2.0'
  readonly id: RequestId
  readonly result: JsonObject
}

/** The bad end of a request; the id is null, or not there, where the request could not be read. */
export interface JsonRpcError extends JsonObject {
  readonly jsonrpc: '2.0'
  readonly id?: RequestId | null
  readonly error: JsonObject
}

export type JsonRpcResponse = JsonRpcResult | JsonRpcError

/** One message of the protocol, as a plain object: what the door returns and every relay step hands on. */
export type JsonRpcMessage = JsonRpcRequest | JsonRpcNotification | JsonRpcResponse

export function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' || (typeof value === 'number' && Number.isSafeInteger(value))
}

export function isRequest(message: JsonRpcMessage): message is JsonRpcRequest {
  return 'method' in message && 'id' in message
}

export function isNotification(message: JsonRpcMessage): message is JsonRpcNotification {
  return 'method' in message && !('id' in message)
}

export function isResponse(message: JsonRpcMessage): message is JsonRpcResponse {
  return !('method' in message)
}

/** The id of the request that a response answers; null where it names none. */
export function answeredId({ id }: JsonRpcResponse): RequestId | null {
  return id ?? null
}

/** The parameters of a request or notification; empty where there are none. */
export function paramsOf(message: JsonRpcMessage): JsonObject {
  return objectAt(message, 'params')
}

/** The `_meta` object of a message's parameters; empty where there is none. */
export function metaOf(message: JsonRpcMessage): JsonObject {
  return objectAt(paramsOf(message), '_meta')
}

/** The member `key` where it is an object, else an empty object. */
export function objectAt(container: JsonObject, key: string): JsonObject {
  const value: JsonValue | undefined = Object.hasOwn(container, key) ? container[key] : undefined
  return isJsonObject(value) ? value : {}
}

/** The member `key` where it can be a request id or progress token. */
export function idAt(container: JsonObject, key: string): RequestId | undefined {
  const value: JsonValue | undefined = Object.hasOwn(container, key) ? container[key] : undefined
  return isRequestId(value) ? value : undefined
}
