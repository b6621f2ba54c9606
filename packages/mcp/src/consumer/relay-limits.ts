import { MESSAGE_LIMITS, type MessageLimits } from '../message-limits.ts'

/** What one host connection may hold at the consumer, and how long a peer may take. */
export interface RelayLimits extends MessageLimits {
  /** Requests of one session without a response. */
  readonly inFlightMax: number
  /** From the opening of a stream to the peer's first line, where one is due at once. */
  readonly openMs: number
  /** From the opening of an exchange to the status line of the server, which may work before it answers. */
  readonly exchangeMs: number
  /** How long requests in flight may still be answered after the host has closed its side, or the session has ended. */
  readonly drainMs: number
}

export const RELAY_LIMITS: RelayLimits = {
  ...MESSAGE_LIMITS,
  inFlightMax: 256,
  openMs: 15_000,
  exchangeMs: 10 * 60_000,
  drainMs: 2_000,
}
