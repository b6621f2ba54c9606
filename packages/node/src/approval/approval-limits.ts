/** How many calls wait for a person, and for how long; a site may move these. */
export interface ApprovalLimits {
  /** How long one call waits. */
  readonly waitMs: number
  /** Calls of all callers that wait at one time. */
  readonly waitingMax: number
  readonly waitingPerCallerMax: number
}

/** UTF-16 code units of what is approved, as canonical JSON: a person cannot agree to what nobody can read. */
export const SUBJECT_LENGTH_MAX = 65_536
/** Bytes of a message that waits, with everything beside its arguments. */
export const MESSAGE_BYTES_MAX = 262_144
/** Calls for which one approval can be good. */
export const TIMES_MAX = 100
/** How long an approval can be good. */
export const FOR_SECONDS_MAX = 86_400
/** How long one is good for several calls, where only their number was said. */
export const FOR_SECONDS_DEFAULT = 3_600
/** Approvals that are good for more calls, at one time. */
export const GRANTS_MAX = 256
/** Pause between two notes to a host that its call is still waited for. */
export const PROGRESS_MS = 10_000
