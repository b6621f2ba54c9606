/** How fast copies leave, and how much is under way. */
export interface ExportLimits {
  /** Entries, and bytes of entries, that are sent and sent again together. */
  readonly windowEntriesMax: number
  readonly windowBytesMax: number
  /** How long one window may take. */
  readonly windowMs: number
  /** Between two looks at the log, and so between two windows that are not full. */
  readonly idleMs: number
  /** Before the end of a connection, so that an end of the receiver's that crosses ours is seen first. */
  readonly quietMs: number
  /** After this long without trouble the last window counts without another behind it. */
  readonly settleMs: number
  /** The first pause after trouble; each is twice as long, up to the longest. */
  readonly retryMsMin: number
  readonly retryMsMax: number
  /** After this long without success the log itself says so. */
  readonly alertMs: number
}

export const EXPORT_LIMITS: ExportLimits = {
  windowEntriesMax: 2_000,
  windowBytesMax: 4 * 1_048_576,
  windowMs: 120_000,
  idleMs: 1_000,
  quietMs: 100,
  settleMs: 10_000,
  retryMsMin: 1_000,
  retryMsMax: 30_000,
  alertMs: 300_000,
}
