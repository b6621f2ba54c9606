import { MESSAGE_LIMITS, type MessageLimits } from '../message-limits.ts'

/** What one host connection may hold at the consumer. */
export interface RelayLimits extends MessageLimits {
  /** Requests of one session without a response. */
  readonly inFlightMax: number
  /** How long requests in flight may still be answered after the host has closed its side, or the session has ended. */
  readonly drainMs: number
}

export const RELAY_LIMITS: RelayLimits = { ...MESSAGE_LIMITS, inFlightMax: 256, drainMs: 2_000 }
