import type { JsonRpcMessage } from '../json-rpc.ts'

/** The way back to whoever asked: what belongs to one request, in order. */
export interface Route {
  /** A progress note, a note of a subscription, a nested request. Rejects when nobody is there any more. */
  deliver(message: JsonRpcMessage): Promise<void>
  /** The response, the last message. Never rejects. */
  finish(response: JsonRpcMessage): Promise<void>
}
