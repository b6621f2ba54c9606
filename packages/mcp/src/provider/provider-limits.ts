import { MESSAGE_LIMITS, type MessageLimits } from '../message-limits.ts'
import { PROCESS_LIMITS, type ProcessLimits } from '../process/process-limits.ts'
import type { HeldBytesLimits } from './held-bytes.ts'

/** What callers may hold at a provider, and for how long. */
export interface ProviderLimits extends MessageLimits, ProcessLimits, HeldBytesLimits {
  /** From the opening of a stream to the end of its header. */
  readonly headerMs: number
  /** Streams of one caller at the same time. */
  readonly streamsPerCallerMax: number
  /** Sessions of all callers, each with a process of its own. */
  readonly sessionsMax: number
  readonly sessionsPerCallerMax: number
  /** Requests of one session, or of one caller without a session at one server, without a response. */
  readonly inFlightMax: number
  /** How long the process for a caller's requests without a session stays without one. */
  readonly idleMs: number
  /** How long one stream of a caller without a session may keep the others waiting by not reading. */
  readonly stalledMs: number
  /** How long a session stream may stay open after the provider has ended it. */
  readonly lingerMs: number
  /** How long an end waits for the gate to hear how the calls under way have ended. */
  readonly recordGraceMs: number
  /** Bytes of one server that wait for such a record, before no more of its output is read. */
  readonly unsentBytesMax: number
}

export const PROVIDER_LIMITS: ProviderLimits = {
  ...MESSAGE_LIMITS,
  ...PROCESS_LIMITS,
  headerMs: 10_000,
  streamsPerCallerMax: 1_024,
  sessionsMax: 256,
  sessionsPerCallerMax: 16,
  inFlightMax: 256,
  idleMs: 60_000,
  stalledMs: 30_000,
  lingerMs: 5_000,
  recordGraceMs: 5_000,
  unsentBytesMax: 4 * 1024 * 1024,
  heldBytesPerCallerMax: 64 * 1024 * 1024,
  heldBytesMax: 256 * 1024 * 1024,
}
