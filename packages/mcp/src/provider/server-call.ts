import type { AllowedCall, Caller, CallEnd } from '../gate.ts'
import type { JsonRpcRequest } from '../json-rpc.ts'
import type { ProviderEvent } from './provider-event.ts'
import type { Route } from './route.ts'

/** One request on its way to a server. */
export interface ServerCall {
  readonly caller: Caller
  /** As the host said it: what the gate decides on. */
  readonly asked: JsonRpcRequest
  /** How long it was as it came. */
  readonly bytes: number
  /** As the server gets it: the same, but for ids where several hosts share a server. */
  readonly sent: JsonRpcRequest
  readonly route: Route
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal
}

/** One request at a server. */
export interface Flight extends ServerCall {
  readonly startedMs: number
  /** Whether the server has been told of it. */
  forwarded: boolean
  /** For a gate that wants to know how it ends. */
  allowed: AllowedCall | undefined
  /** How it ended: settled once. Until the response is on its way the request stays in flight. */
  end: CallEnd | undefined
}

/** How a request came to its end. */
export type Outcome = Extract<ProviderEvent, { type: 'answered' }>['outcome']
