import type { AskedCall } from '../seen-call.ts'
import type { RememberedCall } from './remembered-call.ts'

/** The call that is asked about, and when. */
export interface Moment {
  readonly now: AskedCall
  /** On the monotonic clock. */
  readonly nowMs: number
  /** The call itself where it is listed already, so that it is not among those before it. */
  readonly except?: { readonly call: RememberedCall; readonly position: number } | undefined
}

/**
 * What is asked of the calls of one caller, kept up to date by what happens to them: the answer costs the same however
 * many there are.
 */
export interface RunningCount {
  /** The answer for a call that is asked for, by the calls before it. */
  answer(moment: Moment): number | boolean
  /** A call has come to the end of the list. */
  added?(call: RememberedCall, position: number): void
  /** A call has gone on; its position is lower than any other where no window reaches it any more. */
  changed?(before: RememberedCall, after: RememberedCall, position: number): void
  /** Lets go of what its window does not reach any more; the calls are still listed. */
  letGo?(nowMs: number): void
}
