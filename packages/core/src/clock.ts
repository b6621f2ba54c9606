/** Where time comes from. Pure code never reads a clock; it is handed one of these or a plain number. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. May jump; decides nothing but what is shown and expiry dates. */
  wallMs(): number
  /**
   * Milliseconds on a clock that never goes back, whose zero means nothing, and that counts the time for which the
   * machine was suspended. Ages and deadlines run on this one.
   *
   * Timers of the system do not count suspension: one that was set before it comes late, so whoever is woken, or uses
   * what has an age, compares with this clock again.
   */
  monotonicMs(): number
}
