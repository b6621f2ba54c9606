import type { JsonRpcMessage } from '../json-rpc.ts'

/** A response as it will be sent. */
export interface PreparedResponse {
  readonly message: JsonRpcMessage
  readonly line: Uint8Array
}

/** The way back to whoever asked: what belongs to one request, in order. */
export interface Route {
  /** A progress note, a note of a subscription, a nested request. Rejects when nobody is there any more. */
  deliver(message: JsonRpcMessage): Promise<void>
  /** Makes the response ready; what the server says from now on does not go before it. */
  prepare(response: JsonRpcMessage): PreparedResponse
  /** The response, the last message. Never rejects. */
  finish(response: PreparedResponse): Promise<void>
}
