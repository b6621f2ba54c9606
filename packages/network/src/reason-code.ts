import { CodedError } from '@warren/core'

const REASON_CODE = /^[a-z][a-z0-9-]{0,63}$/

/** Tells a stable reason code (lower-case words and hyphens, at most 64 characters) from every other value. */
export function isReasonCode(value: unknown): value is string {
  return typeof value === 'string' && REASON_CODE.test(value)
}

/** A code that may be told to others, whatever a port has called its reason. */
export function stableCode(code: string): string {
  return isReasonCode(code) ? code : 'admission-failed'
}

/** The code that a peer may be told about this error: its own if it has one, never its message. */
export function reasonCodeOf(error: unknown, otherwise: string): string {
  return error instanceof CodedError && isReasonCode(error.code) ? error.code : otherwise
}
