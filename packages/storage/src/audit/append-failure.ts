import { errnoOf } from '../errno.ts'

/** Why the log cannot be written. */
export type AppendFailureReason = 'disk-full' | 'read-only' | 'io-error' | 'file-changed'

const REASONS: ReadonlyMap<string | undefined, AppendFailureReason> = new Map([
  ['ENOSPC', 'disk-full'],
  ['EDQUOT', 'disk-full'],
  ['EFBIG', 'disk-full'],
  ['EROFS', 'read-only'],
  ['EACCES', 'read-only'],
  ['EPERM', 'read-only'],
  ['ENOENT', 'file-changed'],
  ['ELOOP', 'file-changed'],
  ['audit-damaged', 'file-changed'],
  ['file-missing', 'file-changed'],
])

/** A write that did not reach the disk: nothing of it is acknowledged, and it may be tried again as it is. */
export class AppendFailure extends Error {
  override readonly name = 'AppendFailure'
  readonly reason: AppendFailureReason

  constructor(reason: AppendFailureReason, options?: ErrorOptions) {
    super(`the log cannot be written: ${reason}`, options)
    this.reason = reason
  }
}

/** What a failed call of the system means for the log. */
export function appendFailure(cause: unknown): AppendFailure {
  if (cause instanceof AppendFailure) return cause
  return new AppendFailure(REASONS.get(errnoOf(cause)) ?? 'io-error', { cause })
}
