/** How long the end of a server's process group may take, step by step, and what its stderr may say. */
export interface ProcessLimits {
  /** From the end of its standard input to SIGTERM. */
  readonly inputGraceMs: number
  /** From SIGTERM to SIGKILL. */
  readonly termGraceMs: number
  /** From SIGKILL until we give up waiting. */
  readonly killGraceMs: number
  /** Characters of one line of stderr that are logged. */
  readonly errorLineMax: number
  /** Lines of stderr that are logged per minute; the rest is counted. */
  readonly errorLinesPerMinuteMax: number
}

export const PROCESS_LIMITS: ProcessLimits = {
  inputGraceMs: 1_000,
  termGraceMs: 2_000,
  killGraceMs: 2_000,
  errorLineMax: 500,
  errorLinesPerMinuteMax: 60,
}
