import type { JsonRpcMessage, RequestId } from './json-rpc.ts'

/**
 * One connection of an AI host, as parsed messages: the port between an entry and the relay.
 *
 * The entry has put every message through the door (`parseMessage`) and has answered what the door
 * refused. The relay reads `messages` once and calls `send` one at a time, in order.
 */
export interface HostChannel {
  /** What the host says. Ends when the host has closed its side; throws when the host is gone. Not reading it is back-pressure. */
  readonly messages: AsyncIterable<JsonRpcMessage>
  /**
   * Resolves when more may be sent, so that waiting for it is back-pressure; rejects when the host is gone.
   * `relatedTo` is the id of the host's own request to which a notification or nested request belongs,
   * where that is known. A response carries the id itself.
   */
  send(message: JsonRpcMessage, relatedTo?: RequestId): Promise<void>
  /** Ends the connection; called once, when the session is over. The reason's message is fit to be shown. */
  close(reason: Error): void
}
