import type { JsonObject } from '@warren/core'
import type { JsonRpcMessage } from './json-rpc.ts'

/**
 * Who asks: proved by the channel, never by the message. What the caller may be (its roles, its
 * enclave) is not kept with it: the gate looks it up for each message.
 */
export interface Caller {
  readonly did: string
  /** The node at the other end of the stream that carries the message, where it is another one. */
  readonly peerId?: string
  /** The keys that the other end has proved to hold, as multikeys; absent where this node asks itself. */
  readonly keys?: readonly string[]
  /** Names the call session that carries the message, on both sides and nowhere else. */
  readonly callSession?: string
}

/** One message on its way from a host to a server. */
export interface GateQuestion {
  readonly caller: Caller
  /** The server's name in the provider's configuration. */
  readonly server: string
  readonly message: JsonRpcMessage
  /** How long the message was as it came; nothing for one that the provider asks about by itself. */
  readonly bytes: number
  /** The session that the message belongs to, as the consumer or the HTTP server named it. */
  readonly session?: string
  /** With a request alone: lets the gate wait for a person, for as long as somebody waits for its answer. */
  readonly hold?: Hold
}

/** Runs a wait of the gate; nothing but the request itself is held up by it. */
export type Hold = <Value>(wait: (waiting: Waiting) => Promise<Value>) => Promise<Value>

/** Whoever waits for an answer of the gate. */
export interface Waiting {
  /** Aborted when nobody waits any more: the host has taken its request back, or the session is over. */
  readonly signal: AbortSignal
  /** Tells the host that its request is still waited for, where it has asked for progress and there is a way to tell it. Never throws. */
  readonly progress: (note: WaitingNote) => void
}

/** How long something is waited for at most, and what it is. */
export interface WaitingNote {
  readonly leftSeconds: number
  readonly message: string
}

export type GateAnswer =
  | {
      readonly allowed: true
      readonly rule: string
      readonly call?: AllowedCall
      /** What the server gets in place of the arguments of a tool call; absent where it gets what was asked. */
      readonly arguments?: JsonObject
    }
  | Refusal

/** A refusal is an answer, not an error. */
export interface Refusal {
  readonly allowed: false
  readonly code: string
  readonly sentence: string
}

/**
 * Decides on every message from the host's side: requests, notifications and answers to nested
 * requests alike. The node classifies them; a gate that throws has refused.
 */
export interface Gate {
  decide(question: GateQuestion): Promise<GateAnswer>
}

/** A request that was allowed, for a gate that wants to know how it ends. Of other messages there is no end to tell. */
export interface AllowedCall {
  /**
   * Told exactly once. What the end gives the caller leaves when this has resolved with
   * `allowed: true`; otherwise the refusal leaves in its place, and a rejection is one.
   */
  ended(end: CallEnd): Promise<EndVerdict>
}

/** Whether the caller may have what the end of its request gives it. */
export type EndVerdict = { readonly allowed: true } | Refusal

/** A response as it would be sent. */
export interface CallAnswer {
  readonly message: JsonRpcMessage
  /** Bytes of its serialisation. */
  readonly bytes: number
}

/**
 * How a request came to its end: a result or an error of the server's own, taken back by the caller,
 * failed without an answer of the server, or refused by the provider after the gate had allowed it.
 * The code says why; a caller that is gone is given no answer.
 */
export type CallEnd =
  | { readonly outcome: 'answered' | 'error'; readonly answer: CallAnswer }
  | { readonly outcome: 'cancelled' }
  | { readonly outcome: 'failed' | 'refused'; readonly code: string; readonly answer?: CallAnswer }
