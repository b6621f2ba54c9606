import type { JsonRpcMessage } from './json-rpc.ts'

/**
 * Who asks: proved by the channel, never by the message. What the caller may be (its roles, its
 * enclave) is not kept with it: the gate looks it up for each message.
 */
export interface Caller {
  readonly did: string
}

/** One message on its way from a host to a server. */
export interface GateQuestion {
  readonly caller: Caller
  /** The server's name in the provider's configuration. */
  readonly server: string
  readonly message: JsonRpcMessage
}

export type GateAnswer =
  | { readonly allowed: true; readonly rule: string }
  | { readonly allowed: false; readonly code: string; readonly sentence: string }

/**
 * Decides on every message from the host's side: requests, notifications and answers to nested
 * requests alike. The node classifies them; a gate that throws has refused.
 */
export interface Gate {
  decide(question: GateQuestion): Promise<GateAnswer>
}
