export type LabErrorCode =
  | 'lab-unavailable'
  | 'lab-malformed'
  | 'lab-timeout'
  | 'latency-unavailable'
  | 'unknown-host'
  | 'unknown-cable'
  | 'command-failed'

/** The lab could not be built or used. The code is stable; the message is for the person at the test. */
export class LabError extends Error {
  override readonly name = 'LabError'
  readonly code: LabErrorCode

  constructor(code: LabErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
