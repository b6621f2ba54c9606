/** Where time comes from. Pure code never reads a clock; it is handed one of these or a plain number. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. May jump; decides nothing but what is shown and expiry dates. */
  wallMs(): number
  /** Milliseconds on a clock that never goes back. Ages and deadlines run on this one. */
  monotonicMs(): number
}
